# 評価のメッセージと次のステップ。
compliant = リソースはルールに準拠しています。
not-applicable = このリソースにはルールが適用されません。
insufficient-data = 判定できません。{ $path } が不明です({ $reason })。
evaluation-error = ルールを評価できませんでした: { $reason }。
member-missing = { $count } 件のリソースにこの項目がありません: { $reason }
rule-not-implemented = Haechi はこのルールをまだ実装していません。
rule-not-managed = AWS マネージドルールではないため、Haechi では評価できません。
attested = { $at } に { $who } さんが証明しました。
attested-until = { $at } に { $who } さんが証明しました({ $until } まで有効)。
attestation-needed = プロセスチェックです。実施済みの場合は haechi attest { $name } で証明してください。
next-html = 共有できる 1 ページのレポート全体
next-live = 実際のアカウントを読み取り専用で評価
next-rule = ルールの確認内容、理由と修正方法
next-show = 最も深刻な検出結果の理由と修正方法
next-policy = 残りの収集に必要な IAM ポリシー
next-list = 特に重要な検出結果の一覧
