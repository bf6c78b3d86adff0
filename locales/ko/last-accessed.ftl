# --last-accessed로 조회하는 IAM의 서비스 마지막 액세스 정보.
plan-last-accessed = 액세스 내역을 알아보기 위해 사용자와 역할마다 호출이 최소 { $calls }회 추가됨
help-any-last-accessed = 각 사용자와 역할이 언제 무엇에 액세스했는지도 IAM에 조회. 하나마다 호출 몇 번과 몇 초가 더 걸림
