# 명령 도움말. 영어는 명령 자체에 있다.
help = AWS 계정의 구성을 기록하고 공개된 규칙으로 판정하여 무엇이, 왜, 어디서 잘못되었고 어떻게 조치하는지 알려 줍니다.
help-demo = Haechi에 포함된 예제 조직 판정
help-assess = 라이브 계정, AWS Config 파일, Terraform 플랜 또는 CloudFormation 템플릿 판정
help-report = 지난 실행의 보고서를 다른 형식이나 언어로 다시 표시
help-findings = 결과 목록 표시, 상세 조회 또는 처리
help-findings-list = 결과를 심각한 순서로 나열
help-findings-show = 결과 하나의 이유, 증거, 조치 방법, 이력 표시
help-findings-suppress = 필터식과 일치하는 결과를 표시하지 않도록 억제
help-findings-assign = 결과의 담당자 지정(이름이 없으면 지정 해제)
help-findings-comment = 결과에 의견 추가
help-rules = 규칙 목록 또는 규칙 하나 표시
help-rules-list = Haechi가 구현한 규칙 나열
help-rules-show = 규칙 하나의 요구 사항, 이유, 파라미터, 통제 항목, 로직, 예제 표시
help-packs = 적합성 팩: 저장된 팩 나열, 파일 점검
help-packs-list = 지난 실행의 팩 나열
help-packs-check = 팩 파일 점검: 모두 로드되고 모든 규칙이 구현되어 있으면 0, 규칙이 빠져 있으면 1, 로드되지 않으면 2로 종료
help-content = 콘텐츠 파일 점검
help-content-test = 콘텐츠 폴더 점검: 스키마, 경로, 언어, 예제
help-attest = 통제 항목 또는 수동 프로세스 점검이 이행되었음을 확인
help-doctor = 자격 증명과 접근 범위를 점검하고 Haechi에 필요한 IAM 정책 출력
help-completions = 셸 자동 완성 스크립트 출력
help-man = 매뉴얼 페이지 출력
help-any-lang = 사람이 읽는 내용의 언어: en, ko, ja [기본값: 로캘]
help-any-store = 저장소: 파일 또는 postgres://user@host/database [기본값: 사용자 데이터 디렉터리의 haechi.db]
help-any-config = 설정 파일 [기본값: ./haechi.toml, 다음으로 사용자 설정 디렉터리의 haechi.toml]
help-any-content = 기본 규칙에 더할 사용자 규칙 폴더
help-any-quiet = stderr에 진행률과 요약을 표시하지 않고 오류만 표시
help-any-verbose = stderr에 로그 출력, 두 번 지정하면 모든 AWS 호출 기록
help-any-format = stdout 출력 형식: table, json, jsonl, csv, ocsf, html
help-any-export = 파일로도 저장. 확장자로 형식 결정(.html .json .jsonl .csv .ocsf.json .txt). 반복 가능
help-any-top = 표에 표시할 결과 수
help-any-account = 계정 ID
help-any-ou = 경로로 지정한 조직 단위(예: Root/Workloads). 하위 단위 포함
help-any-region = 리전 또는 `global`
help-any-service = 서비스(예: s3, ec2)
help-any-severity = 심각도: critical, high, medium, low, informational
help-any-resource = ARN, ID 또는 이름으로 지정한 리소스(*와 ? 사용 가능)
help-any-tag = 태그: KEY 또는 KEY=VALUE
help-any-owner = 소유자: 소유자 태그의 값 또는 결과의 담당자
help-any-control = 통제 항목(예: aws-fsbp:S3.2)
help-any-rule = 규칙 식별자
help-any-status = 상태: open, suppressed, resolved
help-any-profile = 사용할 AWS 프로필. 환경 변수의 키보다 우선 [기본값: AWS CLI와 동일]
help-any-param = 팩의 파라미터, NAME=VALUE. 반복 가능
help-any-limit = 페이지당 행 수, 0이면 전체
help-any-page = 표시할 페이지(1부터)
help-any-who = 확인하거나 의견을 남기는 사람 [기본값: 이 컴퓨터의 사용자 이름]
help-assess-sources = Config 스냅샷 또는 기록 파일, 그 폴더나 s3://BUCKET/PREFIX. Terraform 플랜과 상태, CloudFormation 템플릿. 없으면 라이브 계정
help-assess-source = Terraform 플랜을 만든 .tf 파일의 폴더. 결과에 파일과 줄 번호를 표시
help-assess-pack = 기본 규칙 전체 대신 이 적합성 팩으로 판정. 반복 가능
help-assess-as-of = 이 시각을 기준으로 판정(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d). 결과를 저장하지 않음
help-assess-since = 지난 실행 이후 변경된 내용만 표시
help-assess-fail-on = 종료 코드를 1로 만드는 미해결 결과의 최소 심각도. `never`이면 항상 0
help-assess-strict = 수집하거나 읽지 못한 항목이 있으면 2로 종료
help-findings-show-id = 결과 ID 또는 고유하게 식별되는 앞부분
help-findings-suppress-expression = 예: rule = 'X' AND (account = '123456789012' OR tag.env = 'dev') AND NOT arn ~ '*prod*'
help-findings-suppress-reason = 억제하는 이유
help-findings-suppress-owner = 억제를 책임지는 사람
help-findings-suppress-until = 종료일(2027-01-31). 생략하면 무기한
help-findings-suppress-list = 억제 항목 나열
help-findings-suppress-lift = 이 번호의 억제 해제
help-rules-show-rule = AWS 규칙 식별자(예: S3_BUCKET_PUBLIC_READ_PROHIBITED)
help-content-test-dir = 폴더. 생략하면 기본 콘텐츠
help-attest-subject = 통제 항목 ID 또는 팩에 있는 프로세스 점검의 ConfigRuleName
help-attest-evidence = 확인한 내용: 문장, 링크, 티켓
help-attest-until = 유효 기한(2027-06-30) [기본값: 1년]
help-attest-account = 적용되는 계정 [기본값: 전체]
help-attest-list = 이행 확인 나열
help-doctor-policy = IAM 정책만 JSON으로 출력. AWS를 호출하지 않음
help-any-help = 도움말 표시
help-any-version = 버전 표시
help-findings-assign-id = 결과 ID 또는 고유하게 식별되는 앞부분
help-findings-assign-assignee = 이름, 팀 또는 주소. 생략하면 담당자 해제
help-findings-comment-id = 결과 ID 또는 고유하게 식별되는 앞부분
help-findings-comment-text = 남길 의견
help-packs-check-files = 적합성 팩 파일
help-completions-shell = 자동 완성을 사용할 셸
help-findings-show-format = table 또는 json
help-rules-show-format = table 또는 json
help-packs-check-format = table 또는 json
help-findings-list-format = table, json, jsonl 또는 csv
help-rules-list-format = table, json, jsonl 또는 csv
help-packs-list-format = table, json, jsonl 또는 csv
help-word-usage = 사용법:
help-word-commands = 명령
help-word-options = 옵션
help-word-arguments = 인수
help-word-everywhere = 공통 옵션
help-word-live-account = 라이브 계정
help-word-rules = 규칙
help-word-output = 출력
help-word-filters = 필터
help-word-examples = 예:
help-after =
    예:
      haechi demo                     예제 조직 판정
      haechi assess --profile audit   프로필의 라이브 계정을 읽기 전용으로 판정
      haechi assess ./snapshots/ --export report.html
      haechi record --org             조직 전체 기록
      haechi query "SELECT resourceId WHERE resourceType = 'AWS::S3::Bucket'"
      haechi findings show 3f2a       이유, 증거, 조치 방법
      haechi doctor                   자격 증명과 접근 범위 점검

    종료 코드: 0 --fail-on 이상의 결과 없음, 1 결과 있음, 2 실행하지 못함
help-assess-after =
    예:
      haechi assess                                   현재 자격 증명의 계정, 활성화된 모든 리전
      haechi assess --profile audit --region us-east-1
      haechi assess ./snapshots/                      폴더 안의 모든 .json 및 .json.gz
      haechi assess --since last --fail-on critical   변경된 결과만 표시(야간 작업용)
      haechi assess --pack Operational-Best-Practices-for-KISMS.yaml \
          --param AccessKeysRotatedParamMaxAccessKeyAge=60
