# すべての画面で共有する語。
severity-critical = 重大
severity-high = 高
severity-medium = 中
severity-low = 低
severity-informational = 情報
initial-critical = 重
initial-high = 高
initial-medium = 中
initial-low = 低
initial-informational = 情
compliance-compliant = 準拠
compliance-non-compliant = 非準拠
compliance-not-applicable = 該当なし
compliance-insufficient-data = データ不足
status-suppressed = 抑制済み
change-new = 新規
change-reopened = 再発
resolved-fixed = 修正済み
resolved-deleted = 削除済み
resolved-not-applicable = 該当なし
resolved-rule-gone = ルール削除
age-days = { $count ->
    [0] 今日
   *[other] { $count } 日
}
region-global = グローバル
source-live = ライブ
source-files = ファイル
source-example = サンプル組織
source-store = 記録済みの履歴
not-available = –
verbatim = { $text }
