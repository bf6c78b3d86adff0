# 모든 화면이 함께 쓰는 말.
severity-critical = 심각
severity-high = 높음
severity-medium = 중간
severity-low = 낮음
severity-informational = 정보
initial-critical = 심
initial-high = 높
initial-medium = 중
initial-low = 낮
initial-informational = 정
compliance-compliant = 규정 준수
compliance-non-compliant = 규정 미준수
compliance-not-applicable = 해당 사항 없음
compliance-insufficient-data = 데이터 부족
status-suppressed = 억제됨
change-new = 신규
change-reopened = 재발생
resolved-fixed = 조치됨
resolved-deleted = 삭제됨
resolved-not-applicable = 해당 없음
resolved-rule-gone = 규칙 삭제됨
age-days = { $count ->
    [0] 오늘
   *[other] { $count }일
}
region-global = 글로벌
source-live = 라이브
source-files = 파일
source-example = 예제 조직
source-store = 기록된 이력
not-available = –
verbatim = { $text }
