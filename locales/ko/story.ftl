# 조사 결과의 흐름.
story-head = { $kind } · { $from } ~ { $to } UTC, 이벤트 { $count }건
story-untold = 이 기간의 이벤트 { $count }건은 표시하지 않았습니다. --before와 --after로 기간을 좁히세요
story-chain = 자격 증명의 발급 경위
story-issued = { $time } { $by }이(가) { $address }에서 { $call } 호출: { $of }, 키 { $key }
story-made = 발급한 자격 증명
story-made-line = { $time } { $call }: { $of }, 키 { $key }
story-principals = 행위자
story-keys = 액세스 키
story-addresses = 주소
story-counted = { $name } · 이벤트 { $count }건, { $first } ~ { $last }
story-before = 이전
story-after = 이후
story-nothing = 이 로그에는 없습니다.
story-past = 이벤트 { $count }건, { $first } ~ { $last }
story-habits = 호출: { $calls }, 네트워크: { $networks }
story-new = 새로 나타난 것
story-new-line = { $days ->
    [0] { $kind } { $value }: 이 로그에서 이 { $among }에 처음 나타남
   *[other] { $kind } { $value }: 이 { $among }에서 { $days }일 만에 처음 나타남
} (이벤트 { $count }건)
story-travel = { $from }에서 { $to }까지 이동할 수 없는 시간 안에 접근: 시속 { $speed }km
story-findings = 이 이벤트에 근거한 결과
story-timeline = 발생한 일
story-neighbours = 같은 주소를 사용한 다른 행위자
story-neighbour = { $name }, { $address } · 이벤트 { $count }건, { $first } ~ { $last }
story-more = 외 { $count }건
story-next = 다음 질문
entity-account = 계정
entity-principal = 보안 주체
entity-session = 세션
entity-access-key = 액세스 키
entity-instance = 인스턴스
entity-interface = 네트워크 인터페이스
entity-address = 주소
entity-domain = 도메인
entity-bucket = 버킷
entity-key = KMS 키
entity-function = 함수
entity-database = 데이터베이스
entity-cluster = 클러스터
entity-user-agent = 사용자 에이전트
entity-resource = 리소스
error-investigate-stdin = 표준 입력은 한 번만 읽을 수 있지만 조사는 로그를 두 번 읽습니다
advice-investigate-stdin = 로그를 파일로 저장한 뒤 그 파일을 지정하세요
error-investigate-unknown = 이 로그(이벤트 { $count }건)에는 `{ $entity }`이(가) 없습니다
advice-investigate-entity = 로그에 기록된 그대로 ARN, 액세스 키, 주소, 인스턴스, 버킷 또는 계정을 지정하세요
next-who-issued = 자격 증명을 발급한 주체 확인
next-who-was-made = 발급된 자격 증명으로 수행된 작업 확인
next-who-else = 같은 곳에서 접근한 다른 행위자 확인
next-disable-key = 이 키를 비활성화하는 계획
story-by-services = AWS 서비스가 대신 수행한 호출 { $count }건은 JSON에만 있습니다
story-no-past = 이 로그에는 이전 기간이 없어 새로 나타난 것을 구분할 수 없습니다.
story-no-news = 없음: 모두 이전에도 하던 일입니다.
story-network = 네트워크 로그가 말하는 것
story-link-interface = { $from }은(는) { $to }의 인터페이스({ $basis })
story-link-address = { $from }은(는) { $to }의 주소({ $basis })
story-link-session = { $from }은(는) { $to } 역할의 세션({ $basis })
story-link-resolved = { $from }은(는) { $to }(으)로 확인됨({ $basis })
story-by-log = 로그 기준
story-by-inventory = 기록된 인벤토리 기준
story-flows = 흐름 { $flows }건, 주소 { $peers }개: 송신 { $sent }, 수신 { $received }, 거부 { $rejected }건
story-busiest = 시간당 최대: { $hour }부터 { $sent } 송신. 이전에는 흐름이 있던 { $hours }시간 동안 평균 { $average }, 최대 { $most }
story-busiest-alone = 시간당 최대: { $hour }부터 { $sent } 송신. 비교할 이전 흐름 없음
story-talk = { $ends } { $port } · 흐름 { $flows }건, 송신 { $sent }, 수신 { $received } · { $interface }{ $new ->
    [0] { "" }
   *[other] { " " }· 처음
}
story-refused-others = 거부됨: 주소 { $others }개에서 포트 { $ports }개로 { $count }회 시도. 많은 포트: { $mostPorts }. 많은 주소: { $mostOthers }
story-refused-own = 거부됨: 자체 시도 { $count }회, 주소 { $others }개, 포트 { $ports }개. 많은 포트: { $mostPorts }. 많은 주소: { $mostOthers }
story-asked = { $by }이(가) { $domain } 조회({ $kinds }) · 쿼리 { $count }건, 이름 { $names }개, 존재하지 않음 { $missing }건{ $new ->
    [0] { "" }
   *[other] { " " }· 처음
}
story-folded = 상대가 너무 많아 흐름 { $count }건은 합계로만 표시합니다
story-line-flows = { $ends } { $ports } · 흐름 { $count }건, 송신 { $sent }, 수신 { $received }{ $new ->
    [0] { "" }
   *[other] { " " }· 처음
}
story-line-refused-others = 거부됨: { $others }, 포트 { $ports } · { $count }회 시도
story-line-refused-own = 거부됨: 자체 시도, { $others }, 포트 { $ports } · { $count }회
story-line-queries = { $by }이(가) { $domains } 조회 · 쿼리 { $count }건, 존재하지 않음 { $missing }건{ $new ->
    [0] { "" }
   *[other] { " " }· 처음
}
story-past-network = 흐름 { $flows }건, 송신 { $sent }, 쿼리 { $queries }건
story-kind-domain = 도메인
story-kind-peer = 상대 주소
story-kind-peer-country = 상대 주소의 국가
story-kind-peer-asn = 상대 주소의 네트워크
story-kind-served-port = 제공하는 포트
next-session = 인스턴스 역할의 자격 증명으로 수행된 작업 확인
next-instance = 그 뒤에 있는 인스턴스의 활동 확인
next-peer = 이 주소와 통신한 다른 대상 확인
next-asker = 조회한 시스템의 다른 활동 확인
next-domain = 이 도메인을 조회한 다른 대상 확인
next-resolved = 이름이 가리키는 주소의 통신 또는 주소의 이름 확인
next-isolate = 이 인스턴스를 격리하는 계획
next-block = 이 주소를 차단하는 계획
