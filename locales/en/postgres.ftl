# A store in PostgreSQL.
error-not-on-postgres = { $what ->
    [backup] a store in PostgreSQL is not copied by haechi backup
   *[other] { $what } is not possible with a store in PostgreSQL
}
advice-pg-dump = use pg_dump, which copies the database while it is in use
