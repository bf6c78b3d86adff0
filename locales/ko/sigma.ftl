# 공개 규칙: 위협에 대한 설명
threat-sigma = { $principal }이(가) { $address }에서 { $api }을(를) 호출했습니다: “{ $title }”
