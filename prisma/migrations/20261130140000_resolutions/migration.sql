-- Written by hand: Prisma has no words for partitions.

ALTER TABLE "models" ADD COLUMN "key" SERIAL NOT NULL;
CREATE UNIQUE INDEX "models_key_key" ON "models"("key");

-- The samples become the first partition of a table of the same name: none is copied. Only an index is built.
ALTER TABLE "samples" RENAME TO "samples_before_partitions";
ALTER TABLE "samples_before_partitions" DROP CONSTRAINT "samples_pkey";
ALTER TABLE "samples_before_partitions" ADD CONSTRAINT "samples_before_partitions_pkey"
    PRIMARY KEY USING INDEX "samples_deployment_key_window_start_key";

-- Columns of eight bytes lie where they need no padding. What a source can't know is null.
CREATE TABLE "samples" (
    "deployment_key" INTEGER NOT NULL,
    "window_ms" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "window_start" TIMESTAMPTZ(3) NOT NULL,
    "latency_sum_ms" DOUBLE PRECISION,
    "latency_max_ms" DOUBLE PRECISION,
    "requests" INTEGER,
    "errors" INTEGER,
    "in_flight" INTEGER,
    "source" "MetricsSource" NOT NULL,
    "prompt_tokens" BIGINT,
    "generated_tokens" BIGINT,
    "latency" BYTEA,

    CONSTRAINT "samples_pkey" PRIMARY KEY ("deployment_key", "window_start"),
    CONSTRAINT "samples_sequence_check" CHECK ("sequence" >= 1),
    CONSTRAINT "samples_window_ms_check" CHECK ("window_ms" > 0),
    CONSTRAINT "samples_errors_check" CHECK ("errors" BETWEEN 0 AND "requests"),
    CONSTRAINT "samples_latency_check" CHECK ("latency" IS NULL OR "requests" IS NULL OR "requests" > 0),
    CONSTRAINT "samples_latency_sum_ms_check" CHECK ("latency_sum_ms" >= 0 AND "latency_sum_ms" < 'Infinity'),
    CONSTRAINT "samples_latency_max_ms_check" CHECK ("latency_max_ms" >= 0 AND "latency_max_ms" < 'Infinity'),
    CONSTRAINT "samples_no_requests_check" CHECK ("requests" > 0 OR ("latency_sum_ms" = 0 AND "latency_max_ms" = 0)),
    CONSTRAINT "samples_tokens_check" CHECK ("prompt_tokens" >= 0 AND "generated_tokens" >= 0),
    CONSTRAINT "samples_in_flight_check" CHECK ("in_flight" >= 0)
) PARTITION BY RANGE ("window_start");
-- Without the time: with it, an index would be half as large again, and guarantee no more.
CREATE INDEX "samples_deployment_key_sequence_idx" ON "samples"("deployment_key", "sequence");

DO $$
DECLARE
    newest timestamptz := coalesce((SELECT max("last_window_end") FROM "sample_heads"),
        (SELECT max("window_start") FROM "samples_before_partitions"));
    -- A whole hour, as the partitions that follow. In UTC, whatever the time zone of the session is.
    "end" timestamptz := to_timestamp((floor(extract(epoch FROM newest) / 3600) + 1) * 3600);
BEGIN
    IF NOT EXISTS (SELECT FROM "samples_before_partitions") THEN
        DROP TABLE "samples_before_partitions";
        RETURN;
    END IF;
    -- One look at all rows: with the second check there, to attach it needs no other.
    EXECUTE format('
        ALTER TABLE "samples_before_partitions"
            ALTER COLUMN "requests" DROP NOT NULL,
            ALTER COLUMN "errors" DROP NOT NULL,
            ALTER COLUMN "latency_sum_ms" DROP NOT NULL,
            ALTER COLUMN "latency_max_ms" DROP NOT NULL,
            DROP CONSTRAINT "samples_latency_check",
            ADD CONSTRAINT "samples_latency_check" CHECK ("latency" IS NULL OR "requests" IS NULL OR "requests" > 0),
            ADD CONSTRAINT "samples_window_start_check" CHECK ("window_start" < %1$L)', "end");
    EXECUTE format('
        ALTER TABLE "samples" ATTACH PARTITION "samples_before_partitions" FOR VALUES FROM (MINVALUE) TO (%1$L)', "end");
    ALTER TABLE "samples_before_partitions" DROP CONSTRAINT "samples_window_start_check";
END $$;

CREATE TABLE "merged_windows" (
    "series" INTEGER NOT NULL,
    "resolution_ms" INTEGER NOT NULL,
    "window_start" TIMESTAMPTZ(3) NOT NULL,
    "covered_ms" INTEGER NOT NULL,
    "before_ms" INTEGER NOT NULL DEFAULT 0,
    "first_sequence" BIGINT,
    "last_sequence" BIGINT,
    "requests" BIGINT,
    "errors" BIGINT,
    "latency_sum_ms" DOUBLE PRECISION,
    "latency_max_ms" DOUBLE PRECISION,
    "latency" BYTEA,
    "prompt_tokens" BIGINT,
    "generated_tokens" BIGINT,
    "in_flight" INTEGER,
    "sources" JSONB NOT NULL,

    CONSTRAINT "merged_windows_pkey" PRIMARY KEY ("series", "resolution_ms", "window_start"),
    CONSTRAINT "merged_windows_covered_ms_check" CHECK ("covered_ms" BETWEEN 0 AND "resolution_ms"),
    CONSTRAINT "merged_windows_before_ms_check" CHECK ("before_ms" >= 0),
    CONSTRAINT "merged_windows_sequences_check" CHECK (
        CASE WHEN "series" > 0 THEN coalesce("first_sequence" BETWEEN 1 AND "last_sequence", FALSE)
            ELSE num_nonnulls("first_sequence", "last_sequence") = 0 END
    ),
    CONSTRAINT "merged_windows_errors_check" CHECK ("errors" >= 0),
    CONSTRAINT "merged_windows_latency_sum_ms_check" CHECK ("latency_sum_ms" >= 0 AND "latency_sum_ms" < 'Infinity'),
    CONSTRAINT "merged_windows_latency_max_ms_check" CHECK ("latency_max_ms" >= 0 AND "latency_max_ms" < 'Infinity'),
    CONSTRAINT "merged_windows_tokens_check" CHECK ("prompt_tokens" >= 0 AND "generated_tokens" >= 0),
    CONSTRAINT "merged_windows_in_flight_check" CHECK ("in_flight" >= 0)
) PARTITION BY RANGE ("resolution_ms", "window_start");

CREATE TABLE "resolution_heads" (
    "deployment_key" INTEGER NOT NULL,
    "resolution_ms" INTEGER NOT NULL,
    "model_key" INTEGER NOT NULL,
    "merged_through" TIMESTAMPTZ(3) NOT NULL,
    "sequence" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "resolution_heads_pkey" PRIMARY KEY ("deployment_key", "resolution_ms")
);
-- Rewritten once a window, like the heads of samples.
ALTER TABLE "resolution_heads" SET (fillfactor = 50);

CREATE TABLE "merge_state" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "version" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "merge_state_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "merge_state" SET (fillfactor = 50);
