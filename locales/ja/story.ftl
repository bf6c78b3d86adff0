# 調査の経緯。
story-head = { $kind } · { $from } 〜 { $to } UTC、イベント { $count } 件
story-untold = この期間のイベント { $count } 件は表示していません。--before と --after で期間を絞ってください
story-chain = 認証情報が発行された経緯
story-issued = { $time } { $by } が { $address } から { $call } を呼び出し: { $of }、キー { $key }
story-made = 発行した認証情報
story-made-line = { $time } { $call }: { $of }、キー { $key }
story-principals = 操作した主体
story-keys = アクセスキー
story-addresses = アドレス
story-counted = { $name } · イベント { $count } 件、{ $first } 〜 { $last }
story-before = 以前
story-after = 以後
story-nothing = このログにはありません。
story-past = イベント { $count } 件、{ $first } 〜 { $last }
story-habits = 呼び出し: { $calls }、ネットワーク: { $networks }
story-new = 新たに現れたもの
story-new-line = { $days ->
    [0] { $kind } { $value }: このログでこの{ $among }に初めて出現
   *[other] { $kind } { $value }: この{ $among }で { $days } 日間に初めて出現
} (イベント { $count } 件)
story-travel = { $from } から { $to } へ、移動にかかる時間より短い間隔でアクセス: 時速 { $speed } km
story-findings = これらのイベントに基づく検出結果
story-timeline = 発生した事象
story-neighbours = 同じアドレスを使用した他の主体
story-neighbour = { $name }、{ $address } · イベント { $count } 件、{ $first } 〜 { $last }
story-more = ほか { $count } 件
story-next = 次の質問
entity-account = アカウント
entity-principal = プリンシパル
entity-session = セッション
entity-access-key = アクセスキー
entity-instance = インスタンス
entity-interface = ネットワークインターフェイス
entity-address = アドレス
entity-domain = ドメイン
entity-bucket = バケット
entity-key = KMS キー
entity-function = 関数
entity-database = データベース
entity-cluster = クラスター
entity-user-agent = ユーザーエージェント
entity-resource = リソース
error-investigate-stdin = 標準入力は一度しか読めませんが、調査ではログを二度読みます
advice-investigate-stdin = ログをファイルに保存し、そのファイルを指定してください
error-investigate-unknown = このログ (イベント { $count } 件) に `{ $entity }` はありません
advice-investigate-entity = ARN、アクセスキー、アドレス、インスタンス、バケット、またはアカウントを、ログの表記どおりに指定してください
next-who-issued = 認証情報を発行した主体を確認する
next-who-was-made = 発行された認証情報で行われた操作を確認する
next-who-else = 同じ場所からアクセスした他の主体を確認する
next-disable-key = このキーを無効化する計画
story-by-services = AWS サービスが代行した呼び出し { $count } 件は JSON にのみ含まれます
story-no-past = このログには以前の期間がないため、新たに現れたものを区別できません。
story-no-news = なし: すべて以前から行っていた操作です。
story-network = ネットワークのログが示すこと
story-link-interface = { $from } は { $to } のインターフェイス ({ $basis })
story-link-address = { $from } は { $to } のアドレス ({ $basis })
story-link-session = { $from } は { $to } のロールのセッション ({ $basis })
story-link-resolved = { $from } は { $to } に解決 ({ $basis })
story-by-log = ログによる
story-by-inventory = 記録されたインベントリによる
story-flows = フロー { $flows } 件、アドレス { $peers } 個: 送信 { $sent }、受信 { $received }、拒否 { $rejected } 件
story-busiest = 1 時間の最大: { $hour } から { $sent } を送信。以前はフローのあった { $hours } 時間で平均 { $average }、最大 { $most }
story-busiest-alone = 1 時間の最大: { $hour } から { $sent } を送信。比較できる以前のフローなし
story-talk = { $ends } { $port } · フロー { $flows } 件、送信 { $sent }、受信 { $received } · { $interface }{ $new ->
    [0] { "" }
   *[other] { " " }· 初出
}
story-refused-others = 拒否: { $others } 個のアドレスから { $ports } 個のポートへ { $count } 回の試行。多いポート: { $mostPorts }。多いアドレス: { $mostOthers }
story-refused-own = 拒否: 自身による試行 { $count } 回、アドレス { $others } 個、ポート { $ports } 個。多いポート: { $mostPorts }。多いアドレス: { $mostOthers }
story-asked = { $by } が { $domain } を照会 ({ $kinds }) · クエリ { $count } 件、名前 { $names } 個、存在しない名前 { $missing } 件{ $new ->
    [0] { "" }
   *[other] { " " }· 初出
}
story-folded = 相手が多すぎるため、フロー { $count } 件は合計のみ示しています
story-line-flows = { $ends } { $ports } · フロー { $count } 件、送信 { $sent }、受信 { $received }{ $new ->
    [0] { "" }
   *[other] { " " }· 初出
}
story-line-refused-others = 拒否: { $others }、ポート { $ports } · 試行 { $count } 回
story-line-refused-own = 拒否: 自身の試行、{ $others }、ポート { $ports } · { $count } 回
story-line-queries = { $by } が { $domains } を照会 · クエリ { $count } 件、存在しない名前 { $missing } 件{ $new ->
    [0] { "" }
   *[other] { " " }· 初出
}
story-past-network = フロー { $flows } 件、送信 { $sent }、クエリ { $queries } 件
story-kind-domain = ドメイン
story-kind-peer = 相手のアドレス
story-kind-peer-country = 相手のアドレスの国
story-kind-peer-asn = 相手のアドレスのネットワーク
story-kind-served-port = 提供しているポート
next-session = インスタンスのロールの認証情報で行われた操作を確認する
next-instance = その背後にあるインスタンスの動きを確認する
next-peer = このアドレスと通信した他の相手を確認する
next-asker = 照会したマシンのその他の動きを確認する
next-domain = このドメインを照会した他の相手を確認する
next-resolved = 名前が指すアドレスの通信、またはアドレスの名前を確認する
next-isolate = このインスタンスを隔離する計画
next-block = このアドレスをブロックする計画
