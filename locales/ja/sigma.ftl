# 公開ルール: 脅威の説明
threat-sigma = { $principal } が { $address } から { $api } を呼び出しました:「{ $title }」
