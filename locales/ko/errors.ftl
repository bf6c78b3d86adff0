# 오류(error-)와 다음에 할 일(advice-). 플래그, 명령, 파일의 이름은 그대로 둔다.
error-source-missing = 파일이나 폴더가 없습니다: { $path }
error-flag = --{ $flag } 값이 올바르지 않습니다: { $text }
error-flag-word = --{ $flag }에 사용할 수 없는 값입니다: `{ $word }`
error-fail-on = --fail-on에 사용할 수 없는 심각도입니다: `{ $word }`(informational, low, medium, high, critical 중 하나를 지정하세요)
error-language = 지원하지 않는 언어입니다: `{ $word }`(en, ko, ja 중 하나를 지정하세요)
error-status = --status에 사용할 수 없는 상태입니다: `{ $word }`
error-format-name = --{ $flag }에 사용할 수 없는 형식입니다: `{ $word }`(table, json, jsonl, csv, ocsf, html 중 하나를 지정하세요)
error-format-ending = --{ $flag }: 파일 확장자로 형식을 알 수 없습니다: `{ $path }`(.html, .json, .jsonl, .csv, .ocsf.json, .txt 중 하나를 사용하세요)
error-format-here = --format: 이 명령은 `{ $format }` 형식을 지원하지 않습니다
error-until-past = --until에 지난 시점을 지정했습니다
error-comment-empty = 의견 내용이 비어 있습니다
error-attestation-empty = 이행 확인에는 확인 대상과 증적을 모두 지정해야 합니다
error-control = 통제 항목을 찾을 수 없습니다: { $text }
error-filter = 필터 표현식이 올바르지 않습니다
error-filter-text = 필터 표현식이 올바르지 않습니다: { $text }
error-param-shape = --param `{ $word }`: NAME=VALUE 형식이 아닙니다
error-param-without-pack = --param { $name }: 기본 제공 규칙은 AWS 기본값으로 평가합니다
error-param-unknown = --param { $name }: 이 파라미터가 있는 적합성 팩이 없습니다
error-pack-load = 적합성 팩을 읽을 수 없습니다: { $path }
error-pack-rule = { $source }: { $rule } 규칙을 사용할 수 없습니다: { $text }
error-no-rule = 규칙이 없습니다: { $rule }
error-rule-compile = 규칙 파일을 컴파일할 수 없습니다: { $path }
error-not-a-folder = 폴더가 아닙니다: { $path }
error-content = 콘텐츠가 올바르지 않습니다
error-collector = 내장 수집기가 올바르지 않습니다
error-settings-read = 설정 파일을 읽을 수 없습니다: { $path }
error-settings = 설정 파일이 올바르지 않습니다: { $path }
error-settings-regions = 설정 파일의 `regions` 값이 올바르지 않습니다
error-data-directory = 사용자 데이터 디렉터리를 알 수 없습니다
error-store = 저장소를 사용할 수 없습니다: { $path }
error-store-work = 저장소를 읽거나 쓸 수 없습니다
error-not-found = { $what ->
    [finding] 결과가
    [suppression] 억제 규칙이
   *[other] 항목이
} 없습니다: `{ $wanted }`
error-ambiguous = `{ $wanted }`에 해당하는 { $what ->
    [finding] 결과가
   *[other] 항목이
} { $found }건 이상입니다: { $examples }
error-not-an-id = `{ $wanted }`: ID 또는 ID의 앞부분(16진수 4~32자리)이 아닙니다
error-nothing-assessed = 아직 평가한 내용이 없습니다
error-other-release = 마지막 실행은 다른 버전의 Haechi에서 수행되었습니다
error-no-resource = 기록된 리소스 중에 해당하는 것이 없습니다: { $word }
error-no-items = 구성 항목이 없습니다: { $names }
error-collected-store = 수집한 내용을 저장할 수 없습니다
error-read-store = 읽은 내용을 저장할 수 없습니다
error-past-read = 과거 기록을 읽을 수 없습니다
error-past-empty = { $moment } 시점의 기록이 없습니다
error-identity-answer = GetCallerIdentity에 대한 AWS 응답을 해석할 수 없습니다
error-profile-credentials = { $profile } 프로필에 자격 증명이 없습니다
error-account-reach = 계정에 연결할 수 없습니다
error-account-other = --account { $wanted }: 현재 자격 증명은 { $account } 계정의 것입니다
error-region-unknown = --region `{ $region }`: { $partition } 파티션에 없는 리전입니다
error-regions-list = 계정의 리전 목록을 조회할 수 없습니다
error-write = 파일을 쓸 수 없습니다: { $path }
error-stdout = 표준 출력에 쓸 수 없습니다
error-manual = 매뉴얼 페이지를 쓸 수 없습니다
error-threads = 프로그램의 스레드를 시작할 수 없습니다
advice-source = AWS Config 스냅샷 또는 기록 파일이나 그 폴더를 지정하세요. SOURCE를 생략하면 실제 계정을 평가합니다
advice-config-files = Haechi는 AWS Config 스냅샷 및 기록 파일(.json, .json.gz), JSON으로 출력한 Terraform 플랜과 상태(terraform show -json), CloudFormation 템플릿(.yaml, .json)을 읽습니다
advice-statuses = 상태: open, suppressed, resolved
advice-formats = 지원하는 형식: { $formats }
advice-comment = 예: haechi findings comment 3f2a 'TICKET-481로 조치함'
advice-attestation = 예: haechi attest security-awareness-program-exists --evidence 'LMS 보고서 2026-Q4'
advice-filter = 예: rule = 'X' AND (account = '111122223333' OR tag.env = 'dev')
advice-near = `{ $near }` 항목을 찾으셨나요?
advice-near-rule = { $near } 규칙을 찾으셨나요? 전체 목록은 `haechi rules list`로 볼 수 있습니다
advice-rule-not-implemented = AWS Config에는 있지만 Haechi에서 아직 구현하지 않은 규칙입니다. 구현된 규칙은 `haechi rules list`로 볼 수 있습니다
advice-rules-list = 전체 목록은 `haechi rules list`로 볼 수 있습니다
advice-rules-folder = 규칙은 이 폴더의 rules/<service>/ 아래에 둡니다
advice-param-shape = 예: --param AccessKeysRotatedParamMaxAccessKeyAge=60
advice-param-pack = 파라미터는 적합성 팩에 속합니다. --pack FILE로 팩을 지정하세요
advice-pack-parameters = 적합성 팩의 파라미터는 `haechi packs check FILE`로 볼 수 있습니다
advice-content-test = `haechi content test { $path }` 명령을 실행하세요
advice-content-test-more = 문제가 { $more }건 더 있습니다. `haechi content test { $path }` 명령을 실행하세요
advice-report-bug = Haechi의 버그입니다. 제보해 주세요
advice-settings-keys = 사용할 수 있는 키: lang, store, content, profile, regions, fail-on, owner-tag, retention, packs, [[accounts]] (id, name, profile, role, external-id, regions)
advice-name-store = --store PATH로 저장소를 지정하세요
advice-store-missing = 먼저 `haechi assess`를 실행하거나 --store PATH로 저장소를 지정하세요
advice-store-other = --store PATH로 다른 파일을 지정하세요. 이 파일은 변경하지 않았습니다
advice-store-newer = 더 최신 버전의 haechi를 사용하거나 --store PATH로 다른 저장소를 지정하세요
advice-store-damaged = 백업으로 교체하거나, { $path } 파일을(-wal, -shm 파일 포함) 다른 곳으로 옮긴 다음 `haechi assess`를 다시 실행하세요
advice-store-busy = 작업이 끝날 때까지 기다린 다음 다시 시도하세요. 그동안에도 읽기는 가능합니다
advice-store-full = 디스크 공간을 확보한 다음 다시 시도하세요. 이미 커밋된 내용은 안전합니다
advice-store-mode = { $path } 파일과 해당 폴더의 소유자 및 권한을 확인하세요
advice-more-digits = ID를 더 길게 입력하세요
advice-assess-first = 먼저 `haechi assess` 또는 `haechi demo`를 실행하세요
advice-assess-again = `haechi assess`를 다시 실행하세요
advice-resources-list = ARN, 리소스 ID 또는 이름을 지정하세요. 기록된 리소스는 `haechi resources list`로 볼 수 있습니다
advice-past = 과거 기록은 처음 실행한 `haechi assess` 또는 SOURCE로 지정한 Config 파일부터 시작됩니다
advice-account-profile = --profile로 해당 계정의 프로필을 지정하세요
advice-profile-sign-in = 프로필 목록은 `aws configure list-profiles`로 볼 수 있습니다. 로그인하려면 `aws sso login --profile { $profile }` 명령을 실행하세요
advice-credentials = AWS_PROFILE을 설정하거나, --profile NAME을 지정하거나, `aws sso login`을 실행하거나, AWS_ACCESS_KEY_ID와 AWS_SECRET_ACCESS_KEY를 설정하세요
advice-credentials-expired = 자격 증명이 만료되었습니다. `aws sso login` 등으로 다시 로그인하세요
advice-credentials-check = `aws sts get-caller-identity`와 `haechi doctor`로 자격 증명을 확인하세요
advice-network = 네트워크, 리전 및 AWS_ENDPOINT_URL을 확인하세요
advice-regions = 리전: { $regions }
advice-regions-list = ec2:DescribeRegions를 허용하거나 --region으로 리전을 지정하세요
