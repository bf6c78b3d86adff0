# 평가 메시지와 다음 단계.
compliant = 리소스가 규칙을 준수합니다.
not-applicable = 이 리소스에는 규칙이 적용되지 않습니다.
insufficient-data = 판정할 수 없습니다. { $path } 정보가 없습니다({ $reason }).
evaluation-error = 규칙을 평가하지 못했습니다: { $reason }.
member-missing = 리소스 { $count }개에 이 항목이 없습니다: { $reason }
rule-not-implemented = Haechi가 아직 구현하지 않은 규칙입니다.
rule-not-managed = AWS 관리형 규칙이 아니므로 Haechi가 평가할 수 없습니다.
attested = { $at }에 { $who } 님이 이행을 확인했습니다.
attested-until = { $at }에 { $who } 님이 이행을 확인했으며 { $until }까지 유효합니다.
attestation-needed = 프로세스 점검 항목입니다. 이행했다면 haechi attest { $name } 명령으로 확인을 남기십시오.
next-html = 공유할 수 있는 한 페이지짜리 전체 보고서
next-live = 실제 계정을 읽기 전용으로 평가
next-rule = 규칙의 점검 내용, 이유와 조치 방법
next-show = 가장 심각한 결과의 이유와 조치 방법
next-policy = 나머지를 수집하는 데 필요한 IAM 정책
next-list = 가장 중요한 결과 목록
