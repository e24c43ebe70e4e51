-- Written by hand, as the tables of samples are.

-- Windows of five minutes begin behind all that was recorded, at the end of a window of ten minutes: nothing is merged
-- anew. Whoever looks further back reads the windows of a minute.
ALTER TABLE "merge_state" ADD COLUMN "five_minutes_from" TIMESTAMPTZ(3);

UPDATE "merge_state" SET "five_minutes_from" = to_timestamp((floor(extract(epoch FROM greatest(
    (SELECT max("last_window_end") FROM "sample_heads"),
    (SELECT max("window_start") + interval '1 minute' FROM "merged_windows" WHERE "series" = 0 AND "resolution_ms" = 60000)
)) / 600) + 1) * 600);

INSERT INTO "resolution_heads" ("deployment_key", "resolution_ms", "model_key", "merged_through")
    SELECT "deployment_key", 300000, "model_key", to_timestamp(floor(extract(epoch FROM "merged_through") / 300) * 300)
    FROM "resolution_heads" WHERE "resolution_ms" = 60000;
