# PostgreSQL のストア
error-not-on-postgres = { $what ->
    [backup] PostgreSQL 上のストアは haechi backup ではバックアップできません
   *[other] PostgreSQL 上のストアでは次の操作はできません: { $what }
}
advice-pg-dump = pg_dump を使用してください。使用中のデータベースもバックアップできます
