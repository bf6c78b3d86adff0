# コマンドのヘルプ。英語はコマンド自体にある。
help = AWS アカウントの構成を記録し、公開されたルールで判定して、何が、なぜ、どこで問題で、どう修正するかを示します。
help-demo = Haechi に同梱のサンプル組織を判定
help-assess = ライブアカウント、AWS Config のファイル、Terraform プランまたは CloudFormation テンプレートを判定
help-report = 前回の実行のレポートを別の形式や言語で再表示
help-findings = 検出結果の一覧表示、詳細表示、対応
help-findings-list = 検出結果を深刻な順に一覧表示
help-findings-show = 検出結果 1 件の理由、証拠、修正方法、履歴を表示
help-findings-suppress = フィルター式に一致する検出結果を抑制
help-findings-assign = 検出結果の担当者を指定(名前がなければ解除)
help-findings-comment = 検出結果にコメントを追加
help-rules = ルールの一覧、または 1 件を表示
help-rules-list = Haechi が実装しているルールを一覧表示
help-rules-show = ルール 1 件の要件、理由、パラメータ、コントロール、ロジック、例を表示
help-packs = コンフォーマンスパック: 保存済みパックの一覧、ファイルの確認
help-packs-list = 前回の実行のパックを一覧表示
help-packs-check = パックファイルの確認: すべて読み込めて全ルールが実装済みなら 0、未実装のルールがあれば 1、読み込めなければ 2 で終了
help-content = コンテンツファイルの確認
help-content-test = コンテンツフォルダーの確認: スキーマ、パス、言語、例
help-attest = コントロールまたは手動のプロセスチェックが実施済みであることを証明
help-doctor = 認証情報とアクセス範囲を確認し、Haechi に必要な IAM ポリシーを出力
help-completions = シェルの補完スクリプトを出力
help-man = マニュアルページを出力
help-any-lang = 表示言語: en、ko、ja [デフォルト: ロケール]
help-any-store = ストア: ファイルまたは postgres://user@host/database [デフォルト: ユーザーデータディレクトリの haechi.db]
help-any-config = 設定ファイル [デフォルト: ./haechi.toml、次にユーザー設定ディレクトリの haechi.toml]
help-any-content = 組み込みルールに加える独自ルールのフォルダー
help-any-quiet = stderr に進行状況と概要を出さず、エラーのみ表示
help-any-verbose = stderr にログを出力、2 回指定するとすべての AWS 呼び出しを記録
help-any-format = stdout の出力形式: table、json、jsonl、csv、ocsf、html
help-any-export = ファイルにも保存。拡張子で形式を決定(.html .json .jsonl .csv .ocsf.json .txt)。繰り返し可
help-any-top = 表に示す検出結果の数
help-any-account = アカウント ID
help-any-ou = パスで指定した組織単位(例: Root/Workloads)。配下も含む
help-any-region = リージョンまたは `global`
help-any-service = サービス(例: s3、ec2)
help-any-severity = 重要度: critical、high、medium、low、informational
help-any-resource = ARN、ID、名前で指定したリソース(* と ? を使用可)
help-any-tag = タグ: KEY または KEY=VALUE
help-any-owner = 所有者: 所有者タグの値、または検出結果の担当者
help-any-control = コントロール(例: aws-fsbp:S3.2)
help-any-rule = ルール識別子
help-any-status = ステータス: open、suppressed、resolved
help-any-profile = 使用する AWS プロファイル。環境変数のキーより優先 [デフォルト: AWS CLI と同じ]
help-any-param = パックのパラメータ、NAME=VALUE。繰り返し可
help-any-limit = 1 ページの行数、0 ですべて
help-any-page = 表示するページ(1 から)
help-any-who = 証明またはコメントする人 [デフォルト: このマシンのユーザー名]
help-assess-sources = Config のスナップショットまたは履歴ファイル、そのフォルダか s3://BUCKET/PREFIX。Terraform のプランとステート、CloudFormation テンプレート。指定がなければ稼働中のアカウント
help-assess-source = Terraform プランの元になった .tf ファイルのフォルダ。検出結果にファイルと行番号を表示
help-assess-pack = 組み込みルール全体の代わりにこのコンフォーマンスパックで判定。繰り返し可
help-assess-as-of = この時点で判定(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)。検出結果は保存しない
help-assess-since = 前回の実行からの変更のみ表示
help-assess-fail-on = 終了コードを 1 にする未解決の検出結果の最低の重要度。`never` なら常に 0
help-assess-strict = 収集または読み取りできないものがあれば 2 で終了
help-findings-show-id = 検出結果の ID、または一意に定まる先頭部分
help-findings-suppress-expression = 例: rule = 'X' AND (account = '123456789012' OR tag.env = 'dev') AND NOT arn ~ '*prod*'
help-findings-suppress-reason = 抑制する理由
help-findings-suppress-owner = 抑制に責任を持つ人
help-findings-suppress-until = 期限(2027-01-31)。省略すると無期限
help-findings-suppress-list = 抑制を一覧表示
help-findings-suppress-lift = この番号の抑制を解除
help-rules-show-rule = AWS のルール識別子(例: S3_BUCKET_PUBLIC_READ_PROHIBITED)
help-content-test-dir = フォルダー。省略すると組み込みのコンテンツ
help-attest-subject = コントロール ID、またはパックのプロセスチェックの ConfigRuleName
help-attest-evidence = 確認した内容: 文、リンク、チケット
help-attest-until = 有効期限(2027-06-30) [デフォルト: 1 年]
help-attest-account = 対象のアカウント [デフォルト: すべて]
help-attest-list = 証明を一覧表示
help-doctor-policy = IAM ポリシーのみを JSON で出力。AWS は呼び出さない
help-any-help = ヘルプを表示
help-any-version = バージョンを表示
help-findings-assign-id = 検出結果の ID、または一意に定まる先頭部分
help-findings-assign-assignee = 名前、チーム、アドレス。省略すると担当者を解除
help-findings-comment-id = 検出結果の ID、または一意に定まる先頭部分
help-findings-comment-text = コメントの内容
help-packs-check-files = コンフォーマンスパックのファイル
help-completions-shell = 補完を使うシェル
help-findings-show-format = table または json
help-rules-show-format = table または json
help-packs-check-format = table または json
help-findings-list-format = table、json、jsonl、csv のいずれか
help-rules-list-format = table、json、jsonl、csv のいずれか
help-packs-list-format = table、json、jsonl、csv のいずれか
help-word-usage = 使用方法:
help-word-commands = コマンド
help-word-options = オプション
help-word-arguments = 引数
help-word-everywhere = 共通オプション
help-word-live-account = ライブアカウント
help-word-rules = ルール
help-word-output = 出力
help-word-filters = フィルター
help-word-examples = 例:
help-after =
    例:
      haechi demo                     サンプル組織を判定
      haechi assess --profile audit   プロファイルのライブアカウントを読み取り専用で判定
      haechi assess ./snapshots/ --export report.html
      haechi record --org             組織全体を記録
      haechi query "SELECT resourceId WHERE resourceType = 'AWS::S3::Bucket'"
      haechi findings show 3f2a       理由、証拠、修正方法
      haechi doctor                   認証情報とアクセス範囲を確認

    終了コード: 0 --fail-on 以上の検出結果なし、1 検出結果あり、2 実行できず
help-assess-after =
    例:
      haechi assess                                   現在の認証情報のアカウント、有効な全リージョン
      haechi assess --profile audit --region us-east-1
      haechi assess ./snapshots/                      フォルダー内のすべての .json と .json.gz
      haechi assess --since last --fail-on critical   変更のみ表示(夜間ジョブ向け)
      haechi assess --pack Operational-Best-Practices-for-KISMS.yaml \
          --param AccessKeysRotatedParamMaxAccessKeyAge=60
