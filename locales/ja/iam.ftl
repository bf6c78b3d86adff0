# IAM エンジン: 誰が何をできるか。
iam-batch-open = バッチ { $path } を開けません
iam-batch-read = バッチを最後まで読み取れません
iam-batch-unanswered = 全 { $all } 行のうち { $count } 行に回答できませんでした。理由は各レコードにあります
help-iam = IAM: 誰が何をできるか
help-iam-simulate = 関係するすべてのポリシーを AWS と同じ方法で評価してリクエストの可否を判定し、理由を示す
help-iam-simulate-batch = 1 行に 1 つの JSON オブジェクトで、必要な情報をすべて含む質問に回答。`-` は stdin から読み取り
help-iam-simulate-no-explain = レイヤーごとの結果と理由を省いて判定だけを出力
help-iam-simulate-after =
    例:
      haechi iam simulate --principal arn:aws:iam::111122223333:role/app --action s3:GetObject --resource arn:aws:s3:::notes/a
      haechi iam simulate --principal '*' --action s3:GetObject --resource arn:aws:s3:::web/a --context aws:SourceIp=203.0.113.7
      haechi iam simulate --batch questions.jsonl > answers.jsonl
      haechi iam simulate --batch - --no-explain < questions.jsonl

    バッチの 1 行は、必要な情報をすべて含む 1 つの質問です。request、identityPolicies、permissionBoundaries、
    sessionPolicy、scps、rcps、resourcePolicy、endpointPolicies、settings からなり、例と回答の形式は docs/iam.md にあります。

    終了コード: 0 許可された、すべての行に回答した。1 単一のリクエストが拒否された、または判定できない。2 読み取れない行があった（理由は各レコード）。
