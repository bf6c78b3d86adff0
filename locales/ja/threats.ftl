# Threats: what detections found in logs.
error-overtaken = その間に別のプロセスがストアの検出状態を書き込みました ({ $what })
advice-overtaken = もう一度実行してください。別のプロセスが書き込んだ状態から再開します
threats-title = 脅威
threats-none = 脅威は見つかりませんでした。
threats-files = { $count } ファイル
threats-events = { $log }: { $count } イベント
threats-no-events = イベントなし
threats-duplicates = 重複 { $count } 件
threats-late = 1 日以上遅れて到着 { $count } 件 (単一イベントのルールのみ適用)
threats-known = 以前に保存済み { $count } ファイル
threats-skipped = スキップ { $count } ファイル
threats-unreadable = 読み取りの問題 { $count } 件
threats-span = { $first } 〜 { $last } UTC
threats-more-factors = ほか { $count } 件
threats-more-events = ほか { $count } 件
threats-about = { $type } · ID { $id } · イベント { $events }
threats-detections = 検出
threats-active = { $count } 件が有効
threats-inactive = { $count } 件が無効、必要なもの: { $needs }
threats-more-refused = 実行できないルールがほかに { $count } 件あります
log-cloudtrail = CloudTrail
log-vpc-flow = VPC フローログ
log-resolver-query = Resolver クエリログ
log-eks-audit = EKS 監査ログ
log-s3-access = S3 アクセスログ
log-rds-login = データベースログイン
log-waf = WAF ログ
factor-new = { $days ->
    [0] { $kind } { $value }: これまで観測されたことのない{ $among }
   *[other] この{ $among }で過去 { $days } 日間に初めて現れた{ $kind }: { $value }
}
factor-rare = この{ $among }ではまれな{ $kind }: { $value } (過去 { $days } 日間に { $before } 回)
factor-kind-api = 呼び出し
factor-kind-service = サービス
factor-kind-network = ネットワーク
factor-kind-country = 国
factor-kind-asn = 自律システム
factor-kind-user-agent = ユーザーエージェント
factor-kind-region = リージョン
factor-kind-target = 対象
factor-kind-volume = 量
factor-kind-address = アドレス
factor-kind-port = ポート
factor-kind-verb = 動詞
factor-kind-image = イメージ
factor-kind-namespace = 名前空間
factor-kind-resource = リソース
factor-kind-user = ユーザー
factor-among-principal = プリンシパル
factor-among-role = ロール
factor-among-account = アカウント
factor-among-organization = 組織
factor-among-key = キー
threats-response = 対処:
threats-evidence = イベント
threats-column-time = 時刻 (UTC)
threats-column-event = イベント
threats-column-principal = プリンシパル
threats-column-address = アドレス
threats-column-event-id = イベント ID
error-intel-name = `{ $name }` というリストはありません: { $names }
error-intel-read = { $path } をリストまたはデータベースとして読み取れません
advice-intel = ファイルにリストの名前を付けてください: tor-exits.txt、threat-addresses.txt、mining-domains.txt、ip-ranges.json。または --intel 名前=ファイル
error-intel-line = { $path } はリストではありません
advice-intel-line = 1 行に 1 つのアドレス、CIDR、範囲、またはドメインを記述します。# 以降は注釈です
advice-geo = 都市、国、または自律システムの MaxMind 形式データベース (.mmdb) を指定してください
detections-column-score = スコア
detections-column-id = 検出
detections-column-origin = 出典
detections-column-logs = ログ
detections-column-attack = ATT&CK
detections-column-needs = 必要なもの
detections-column-logic = ロジック
detections-column-playbooks = プレイブック
detections-none = その名前の検出はありません。
detections-active = 有効
detections-inactive = 無効
detections-refused = 拒否
error-detection-unknown = 検出 `{ $id }` はありません
advice-detections = `haechi detect list` ですべての検出を確認できます
error-rules-read = { $path } を Sigma ルールとして読み取れません
error-rules-many = ルールのファイルが { $most } 件を超えています
error-flow-format = フローログの形式を解釈できません
error-detect-state = ストア内の検出の状態を引き継げません
advice-detect-state = より新しい haechi が書いた状態かもしれません。--keep を付けなければ状態は不要です
samples-removed = ストアからサンプルを { $count } 件取り除きました
next-investigate = 前後に何が起きたかを順に確認する
next-keep = 脅威とベースラインをストアに保存する
next-inactive = どのリストやデータベースがあればより多くの検出が有効になるかを確認する
advice-detection-meant = `{ $meant }` のことですか?
threats-column-count = イベント数
threats-column-factor = 特異な点
threats-column-related = 構成する結果
help-detect = ログの脅威検出: GuardDuty の検出結果タイプ、Haechi 独自の検出、Sigma ルール
help-detect-after =
    例:
      haechi detect ./logs/                              CloudTrail、フローログ、DNS クエリ、EKS 監査ログを内容で判別
      haechi detect s3://my-trail-bucket --since 7d --region us-east-1
      haechi detect ./logs --rules ./sigma/rules/cloud/aws --format jsonl
      haechi detect ./logs --intel tor-exits=exits.txt --geo GeoLite2-City.mmdb --geo GeoLite2-ASN.mmdb
      haechi detect ./today --keep                       ベースラインと検出結果をストアに保存
      haechi detect - < export.json.gz
      haechi detect list --inactive                      ほかの検出に必要なもの

    終了コード: 0 --fail-on 以上の脅威なし、1 脅威あり、2 実行できなかった
help-detect-sources = ファイル、フォルダー、s3://BUCKET/PREFIX、SQS キューの URL または ARN、標準入力は -
help-detect-rules = 組み込みの検出に加える Sigma ルールのファイルまたはフォルダー。繰り返し可
help-detect-intel = リスト: NAME=FILE、またはリスト名のファイル (tor-exits.txt) があるフォルダー。繰り返し可
help-detect-geo = アドレスごとの場所とネットワークのデータベース (.mmdb)。繰り返し可
help-detect-trusted = 検出結果の根拠にしないアドレスと範囲。1 行に 1 つ。繰り返し可
help-detect-flow-format = 見出しのないフローログのフィールド。フローログ作成時の形式文字列のまま指定
help-detect-keep = 脅威とベースラインをストアに保存し、以前に保存したファイルは読み飛ばす
help-detect-notify = 見つかった脅威を設定の宛先 (haechi.toml の `[[notify]]`) に通知
help-detect-fail-on = 終了コードを 1 にする最低の重要度: critical、high、medium、low、never [既定値: high]
help-detect-strict = 読み取りできないものがあれば 2 で終了
help-detect-since = この時刻から (2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-detect-until = この時刻まで
help-detect-types = 脅威のタイプ (* と ? を使用可)
help-detect-severity = 重要度: critical、high、medium、low
help-detect-format = 出力形式: table、json、jsonl、csv、ocsf
help-detect-export = ファイルにも保存。拡張子で形式を決定 (.json .jsonl .csv .ocsf.json .txt)。繰り返し可
help-detect-top = 表に表示する脅威の数。0 ですべて
help-detect-list = 検出の一覧と、無効な検出に必要なもの
help-detect-list-ids = ID (* と ? を使用可)
help-detect-list-inactive = 無効な検出のみ
help-detect-list-intel = リスト: NAME=FILE、またはリスト名のファイル (tor-exits.txt) があるフォルダー。繰り返し可
help-detect-list-geo = アドレスごとの場所とネットワークのデータベース (.mmdb)。繰り返し可
help-detect-list-trusted = 検出結果の根拠にしないアドレスと範囲。1 行に 1 つ。繰り返し可
help-detect-list-format = 出力形式: table、json、jsonl、csv
help-detect-show = 1 つの検出の意味、検出対象、対処を表示
help-detect-show-id = 検出の ID
help-detect-show-format = 出力形式: table、json
help-detect-samples = サンプルの検出結果: タイプごとに 1 件、サンプルの印付き
help-detect-samples-after =
    例:
      haechi detect samples                  表示のみ
      haechi detect samples --keep           ストアに保存し、検出結果を読むツールを試す
      haechi detect samples --remove         ストアから取り除く
help-detect-samples-types = タイプ (* と ? を使用可)
help-detect-samples-keep = ストアに保存
help-detect-samples-notify = 設定の宛先に通知
help-detect-samples-remove = ストアのサンプルをすべて取り除く
help-detect-samples-format = 出力形式: table、json、jsonl、csv、ocsf
help-investigate = プリンシパル、セッション、キー、アドレス、インスタンス、バケット、または検出結果の経緯: 何をし、何が新しいか
help-investigate-after =
    例:
      haechi investigate arn:aws:iam::111122223333:user/deploy --around 2026-11-19T01:15:00Z ./logs
      haechi investigate AKIAIOSFODNN7EXAMPLE ./logs --before 7d --after 2d
      haechi investigate 192.0.2.66 s3://my-trail-bucket --since 7d
      haechi investigate 3f2a9c1b ./logs              保存した検出結果を、最初に見つかった時刻を基準に
help-investigate-entity = ARN、アクセスキー、アドレス、インスタンス、バケット、アカウント、または保存した検出結果の ID
help-investigate-sources = ログのファイル、フォルダー、または s3://BUCKET/PREFIX
help-investigate-around = 基準の時刻 (2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d) [既定値: 検出結果の時刻、なければログに最後に現れた時刻]
help-investigate-before-span = 基準の時刻より前の、詳しく示す長さ。それ以前は普段の行動として使用
help-investigate-after-span = 基準の時刻より後の、詳しく示す長さ
help-investigate-intel = リスト: NAME=FILE、またはリスト名のファイル (tor-exits.txt) があるフォルダー。繰り返し可
help-investigate-geo = アドレスごとの場所とネットワークのデータベース (.mmdb)。繰り返し可
help-investigate-trusted = 検出結果の根拠にしないアドレスと範囲。1 行に 1 つ。繰り返し可
help-investigate-since = この時刻から (2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-investigate-until = この時刻まで
help-investigate-strict = 読み取りできないものがあれば 2 で終了
help-investigate-format = 出力形式: table、json
threats-nothing-new = 新しいものはありません: { $files } ファイル (イベント { $events } 件) は以前に読み取り、保存済みです
