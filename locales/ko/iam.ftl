# IAM 엔진: 누가 무엇을 할 수 있는지.
iam-batch-open = 배치 파일 { $path }을(를) 열 수 없습니다
iam-batch-read = 배치를 끝까지 읽을 수 없습니다
iam-batch-unanswered = 전체 { $all }줄 중 { $count }줄에 답할 수 없었습니다. 이유는 해당 레코드에 있습니다
help-iam = IAM: 누가 무엇을 할 수 있는지
help-iam-simulate = 관련된 모든 정책을 AWS와 같은 방식으로 평가해 요청을 판정하고 이유를 제시
help-iam-simulate-batch = 한 줄에 JSON 객체 하나씩, 필요한 정보를 모두 담은 질문에 답변. `-`는 stdin에서 읽기
help-iam-simulate-no-explain = 계층별 결과와 이유 없이 판정만 출력
help-iam-simulate-after =
    예제:
      haechi iam simulate --principal arn:aws:iam::111122223333:role/app --action s3:GetObject --resource arn:aws:s3:::notes/a
      haechi iam simulate --principal '*' --action s3:GetObject --resource arn:aws:s3:::web/a --context aws:SourceIp=203.0.113.7
      haechi iam simulate --batch questions.jsonl > answers.jsonl
      haechi iam simulate --batch - --no-explain < questions.jsonl

    배치의 한 줄은 필요한 정보를 모두 담은 질문 하나입니다. request, identityPolicies, permissionBoundaries,
    sessionPolicy, scps, rcps, resourcePolicy, endpointPolicies, settings로 이루어지며, 예와 답변 형식은 docs/iam.md에 있습니다.

    종료 코드: 0 허용됨, 모든 줄에 답변함. 1 하나의 요청이 거부되거나 판정할 수 없음. 2 읽을 수 없는 줄이 있음(이유는 해당 레코드에 있음).
