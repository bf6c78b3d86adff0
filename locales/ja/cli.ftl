# コマンドライン。
label-error = エラー:
label-cause = 原因:
label-help = ヘルプ:
progress-collecting = 収集中: 項目 { $items } 件、呼び出し { $calls } 回{ $throttled ->
    [0] { "" }
   *[other] 、スロットリングされた呼び出し { $throttled } 件
} · { $now }
progress-reading = 読み取り中: ファイル { $files } 件、項目 { $items } 件、{ $now }
progress-judging = 評価しています
