-- Where the locale of the database folds the case of ASCII letters only (LC_CTYPE "C"), names are given a collation that
-- folds that of all letters, so that they are found "in any case". There is none on PostgreSQL 16 and older without ICU.
DO $$
DECLARE
    folding TEXT;
BEGIN
    IF 'Ä' ILIKE 'ä' THEN
        RETURN;
    END IF;
    SELECT collname INTO folding FROM pg_collation WHERE collname IN ('und-x-icu', 'pg_c_utf8')
        ORDER BY collname DESC LIMIT 1;
    IF folding IS NOT NULL THEN
        EXECUTE format('ALTER TABLE "training_jobs" ALTER COLUMN "name" TYPE TEXT COLLATE %I', folding);
    END IF;
END $$;
