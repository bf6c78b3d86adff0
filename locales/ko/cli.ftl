# 명령줄.
label-error = 오류:
label-cause = 원인:
label-help = 도움말:
progress-collecting = 수집 중: 항목 { $items }개, 호출 { $calls }회{ $throttled ->
    [0] { "" }
   *[other] , 제한된 호출 { $throttled }건
} · { $now }
progress-reading = 읽는 중: 파일 { $files }개, 항목 { $items }개, { $now }
progress-judging = 평가하는 중
