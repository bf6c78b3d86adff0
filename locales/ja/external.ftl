# 外部アクセスと、ポリシーのチェック。
external-open = 許可
external-unknown = 判定不能
external-public = パブリック
external-narrow = いいえ
external-account = アカウント
external-principal = プリンシパル
external-canonical = 正規ユーザー
external-organization = 組織
external-somebody = 不明
external-column-answer = アクセス
external-column-public = パブリック
external-column-type = タイプ
external-column-who = 対象
external-column-outsider = 外部の主体
external-column-narrowed = 制限する条件
external-column-doubt = 判定不能の理由
external-column-example = リクエストの例
external-counts = { $looked } 個のリソースに外部アクセスが { $open } 件: パブリック { $public } 件、判定できないため許可として数えたもの { $unknown } 件
external-none = { $looked } 個のリソースのうち、信頼ゾーンの外からアクセスできるものはありません
external-too-many = パターンが多すぎて比較できない
external-variables = { $names } の値によって変わる
external-unrecorded = 記録されていない: { $what }
external-bucket = バケットポリシーはこの種のリクエストの一部を許可するが、このリクエストは許可しない: { $bucket }
external-zone = `{ $word }` はアカウントでも組織でもありません
external-type = `{ $word }` はリソースタイプではありません。指定できるタイプ: { $names }
advice-external-zone = 12 桁のアカウント ID または組織 ID(o-...)を指定してください
check-fails = 失敗
check-passes = チェックに合格しました
check-column-result = 結果
check-files = このチェックにはポリシーファイルが { $wanted } 個必要ですが、{ $given } 個指定されています
check-open = ポリシー { $path } を開けません
check-policy = { $path } をチェックできません
check-type = --no-public には、ポリシーを適用するリソースのタイプを --type で指定してください
help-iam-external = 信頼ゾーンの外から誰がどのリソースにアクセスできるかを、リクエストの例とともに一覧表示
help-iam-external-account = このアカウントのリソースのみ。複数回指定可能
help-iam-external-types = このタイプのリソースのみ(AWS::S3::Bucket または Bucket)。複数回指定可能
help-iam-external-zone = 信頼するアカウントと組織(o-...) [デフォルト: 各リソースの組織、組織がなければそのアカウント]
help-iam-external-as-of = この時点の状態で判定(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-iam-external-format = table、json、jsonl、csv のいずれか
help-iam-external-after =
    例:
      haechi iam external
      haechi iam external --type Bucket --account 111122223333
      haechi iam external --zone o-exampleorgid 444455556666 --format json

    終了コード: 0 外部に開いたものがない、1 一つでも開いているか判定できない。
help-iam-check = ポリシーが新しいアクセス、パブリックアクセス、禁止したアクションを許可しないかを、リクエストの例とともにチェック
help-iam-check-no-new-access = 2 番目のポリシーが、1 番目にないアクセスを許可しないこと
help-iam-check-no-public = ポリシーがリソースをパブリックにしないこと。--type とともに指定
help-iam-check-not-granted = ポリシーがこのアクション(s3:GetObject、's3:Put*')を許可しないこと。複数回指定可能
help-iam-check-files = ポリシーファイル。--no-new-access では古いファイルと新しいファイル
help-iam-check-resource-type = ポリシーを適用するリソースのタイプ(AWS::S3::Bucket)。なければ、プリンシパルのあるポリシーは任意のリソースのものとみなす
help-iam-check-format = table、json、jsonl、csv のいずれか
help-iam-check-after =
    例:
      haechi iam check --no-new-access old.json new.json
      haechi iam check --no-public bucket-policy.json --type AWS::S3::Bucket
      haechi iam check --not-granted 'iam:*' --not-granted s3:DeleteBucket role.json

    終了コード: 0 合格、1 失敗または判定不能、2 チェックできない。
