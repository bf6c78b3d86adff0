# 使われていないアクセスと、使用の記録から作るポリシー。
unused-column-type = 未使用
unused-column-what = 内容
unused-column-last = 最終使用
unused-column-source = 根拠
unused-source-log = ログ
unused-source-report = レポート
unused-source-both = ログ、レポート
unused-of-late = 最近
unused-column-fix = 対処
unused-role = ロール
unused-key = アクセスキー
unused-password = パスワード
unused-permission = 許可
unused-never = なし
unused-not-in-logs = ログになし
unused-what-permissions = アクション { $actions }/{ $granted }、サービス { $services }
unused-fix-role = ロールを削除
unused-fix-assignment = 割り当てを削除
unused-fix-deactivate = 無効化してから削除
unused-fix-key = キーを削除
unused-fix-password = パスワードを削除
unused-fix-policies = ポリシーを絞る
unused-fix-permission-set = 許可セットを絞る
unused-counts = { $days } 日間未使用: ロール { $roles } 件、アクセスキー { $keys } 件、パスワード { $passwords } 件
unused-counts-permissions = 使っていない許可を持つプリンシパル { $principals } 件、うち IAM のレポートで確認 { $reports } 件。読んだログのイベント { $events } 件
unused-none = { $days } 日間使われていないと確認できたものはありません
unused-why-not-recorded = 最終使用が記録されていない
unused-why-old-record = 記録が追跡期間より古い
unused-why-in-use-of-late = 記録の直前に使われていた
unused-why-creation = 作成日時が記録されていない
unused-why-no-logs = アカウントのログがない
unused-why-no-report = 何にアクセスしたかが記録されていない
unused-why-short-logs = ログが { $days } 日分しかない
unused-unknown-not-recorded = 判定不可 { $count } 件: 最終使用が記録されていません(`haechi record` で記録してください。AWS Config にはキーとパスワードの使用の記録がありません)
unused-unknown-old-record = 判定不可 { $count } 件: 記録が追跡期間より古いものです
unused-unknown-in-use-of-late = 判定不可 { $count } 件: 記録の直前に使われていて、正確な日は記録に残りません
unused-unknown-creation = 判定不可 { $count } 件: 作成日時が記録されていません
unused-unknown-no-logs = 判定不可 { $count } 件: そのアカウントのログがありません
unused-unknown-no-report = { $count } 件は判定不能: 何にアクセスしたかが記録されていない (`haechi record --last-accessed` は IAM に照会し、--logs は CloudTrail のログを読む)
unused-unknown-short-logs = 判定不可 { $count } 件: ログが { $days } 日分しかありません
unused-no-logs = 未使用の許可は調べません: CloudTrail のログ (--logs) か、記録にある IAM のレポート (haechi record --last-accessed) が必要です
unused-days = --days は 1 から { $most } の間で指定してください
unused-kind = `{ $word }` は role、key、password、permission のいずれでもありません
unused-interrupted = 中断されました: ログの一部しか読んでいません
unused-incomplete = 読めないログがありました。その中の使用の記録は欠けています。
generate-principal = `{ $word }` はユーザー、ロール、セッション、ルートユーザーの ARN ではありません
generate-format = `{ $word }` という形式はありません: policy または json
generate-interrupted = 中断されました: ログの一部しか読んでいません
generate-incomplete = 読めないログがありました。その中の使用の記録は欠けています。
generate-nothing = ログのイベント { $events } 件に { $principal } の使用の記録はありません
generate-read = プリンシパルのイベント { $events } 件、{ $from } から { $to } まで: アクション { $actions } 個
generate-several = ポリシー { $count } 件: 1 件にすると AWS の上限(6,144 文字)を超えます
generate-too-many = ポリシー { $count } 件。AWS が 1 つのプリンシパルにアタッチできる管理ポリシーは { $most } 件です。--resources pattern または any で減ります
generate-placeholders = 埋める必要のある ARN { $count } 件(ログにリソースがない): { $names }
generate-on-everything = リソースを示さない呼び出しがあり、すべてのリソースに許可したアクション { $count } 個: { $names }
generate-ambiguous = 複数のアクションのいずれかが必要な呼び出し { $count } 種は、すべて許可しました: { $names }
generate-passed = iam:PassRole は CloudTrail にイベントがないため、リクエストから推測しました: { $names }
generate-profiles = 次のインスタンスプロファイルのロールに iam:PassRole が必要ですが、ログにロールがありません: { $names }
generate-companions = ログに現れない別のアクションも必要になりうるアクション { $count } 個: { $names }
generate-denied = 拒否されたため除いた呼び出し { $count } 種: { $names }
generate-unmapped = 既知のアクションに当たらず除いたイベント { $count } 種: { $names }
generate-no-data-events = ログに { $names } のデータイベントがないため、オブジェクト、項目、関数、メッセージの使用は見えません。
generate-compared = 現在の許可のうち、アクション { $taken } 個がなくなり、{ $narrowed } 個はリソースが限られ、{ $kept } 個はそのままです。
generate-taken = なくなるアクション: { $names }
generate-new = 自身のポリシーが許可していないアクション { $count } 個(リソースポリシーが許可した可能性あり): { $names }
help-iam-unused = 誰も使っていないロール、アクセスキー、パスワード、許可を一覧表示
help-iam-unused-days = 使われていない日数(1~365)
help-iam-unused-logs = 使われた許可を示す CloudTrail のログ: ファイル、フォルダー、s3://バケット/プレフィックス、SQS キュー、または -
help-iam-unused-types = role、key、password、permission。複数回指定可能 [デフォルト: すべて]
help-iam-unused-account = このアカウントのプリンシパルのみ。複数回指定可能
help-iam-unused-except-account = このアカウントを除く。複数回指定可能
help-iam-unused-except-tag = このタグを持つプリンシパルを除く。複数回指定可能
help-iam-unused-as-of = この時点の状態で判定(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-iam-unused-profile = S3 のログに使う AWS プロファイル [デフォルト: AWS CLI と同じ]
help-iam-unused-all = 判定できないものも理由とともに一覧表示
help-iam-unused-format = table、json、jsonl、csv のいずれか
help-iam-unused-after =
    例:
      haechi iam unused
      haechi iam unused --days 45 --type key,password --format csv
      haechi iam unused --logs ./logs --account 111122223333
      haechi iam unused --logs s3://my-trail-bucket --except-tag purpose=break-glass --format json

    許可は --logs と `haechi record --last-accessed` の記録から判定し、どちらもなければ調べません。
    記録とログから分からないものは未使用とは言わず、--all で一覧表示します。

    終了コード: 0 未使用のものがない、1 ある、2 判定できない。
help-iam-generate = ユーザーやロールが使ったものだけを許可するポリシーを CloudTrail のログから作成
help-iam-generate-principal = ユーザー、ロール、セッション、ルートユーザーの ARN
help-iam-generate-sources = CloudTrail のログ: ファイル、フォルダー、s3://バケット/プレフィックス、SQS キュー、または標準入力を表す -
help-iam-generate-resources = リソース: exact はログのとおり、pattern はオブジェクトをフォルダーごとにまとめ多ければパターンに、any は `*`
help-iam-generate-since = この時刻以降(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-iam-generate-until = この時刻まで
help-iam-generate-compare = 記録されたプリンシパルからこのポリシーで失われる許可も表示
help-iam-generate-as-of = この時点の記録と比較(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-iam-generate-format = policy、またはログに現れないものまで 1 つの文書にする json
help-iam-generate-after =
    例:
      haechi iam generate arn:aws:iam::111122223333:role/app ./logs > app.json
      haechi iam generate arn:aws:iam::111122223333:role/app s3://my-trail-bucket --since 90d --resources exact
      haechi iam generate arn:aws:iam::111122223333:user/mina ./logs --compare --format json

    ポリシーは標準出力に(複数なら 1 行に 1 件)、ログに現れないものは標準エラーに表示します。

    終了コード: 0 ポリシーがある、1 ログに使用の記録がない、2 読めない。
