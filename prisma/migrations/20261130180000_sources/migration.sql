-- Written by hand, as the tables of samples are.

ALTER TYPE "MetricsSource" ADD VALUE 'SCRAPED';
ALTER TYPE "MetricsSource" ADD VALUE 'REPORTED';
ALTER TYPE "DeploymentEventKind" ADD VALUE 'SOURCE_CHANGED';
ALTER TYPE "DeploymentEventKind" ADD VALUE 'SOURCE_UP';
ALTER TYPE "DeploymentEventKind" ADD VALUE 'SOURCE_DEGRADED';
ALTER TYPE "DeploymentEventKind" ADD VALUE 'SOURCE_DOWN';
ALTER TYPE "WebhookEventType" ADD VALUE 'DEPLOYMENT_SOURCE_CHANGED';
ALTER TYPE "WebhookEventType" ADD VALUE 'DEPLOYMENT_SOURCE_UP';
ALTER TYPE "WebhookEventType" ADD VALUE 'DEPLOYMENT_SOURCE_DEGRADED';
ALTER TYPE "WebhookEventType" ADD VALUE 'DEPLOYMENT_SOURCE_DOWN';
ALTER TYPE "Scope" ADD VALUE 'REPORT';
CREATE TYPE "SourceStatus" AS ENUM ('WAITING', 'UP', 'DEGRADED', 'DOWN');

ALTER TABLE "deployments"
    ADD COLUMN "source" "MetricsSource" NOT NULL DEFAULT 'SIMULATED',
    ADD COLUMN "interval_ms" INTEGER,
    ADD COLUMN "source_settings" JSONB,
    ADD COLUMN "source_secret" TEXT,
    ADD CONSTRAINT "deployments_interval_ms_check" CHECK ("interval_ms" > 0 AND 60000 % "interval_ms" = 0);

ALTER TABLE "api_tokens" ADD COLUMN "deployment_id" UUID;

CREATE TABLE "source_states" (
    "deployment_key" INTEGER NOT NULL,
    "status" "SourceStatus" NOT NULL DEFAULT 'WAITING',
    "since" TIMESTAMPTZ(3) NOT NULL,
    "last_success_at" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "duration_ms" DOUBLE PRECISION,
    "series" INTEGER,
    "baseline" JSONB,

    CONSTRAINT "source_states_pkey" PRIMARY KEY ("deployment_key"),
    CONSTRAINT "source_states_duration_ms_check" CHECK ("duration_ms" >= 0 AND "duration_ms" < 'Infinity'),
    CONSTRAINT "source_states_series_check" CHECK ("series" >= 0),
    CONSTRAINT "source_states_deployment_key_fkey" FOREIGN KEY ("deployment_key") REFERENCES "deployments"("key")
        ON DELETE CASCADE ON UPDATE RESTRICT
);
-- Rewritten with every sample, like the heads of samples.
ALTER TABLE "source_states" SET (fillfactor = 50);

CREATE TABLE "reports" (
    "id" BIGSERIAL NOT NULL,
    "deployment_key" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "is_late" BOOLEAN NOT NULL DEFAULT false,
    "points" TEXT NOT NULL,

    CONSTRAINT "reports_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "reports_deployment_key_at_idx" ON "reports"("deployment_key", "at");

CREATE TABLE "report_keys" (
    "key" BYTEA NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "report_keys_pkey" PRIMARY KEY ("key"),
    CONSTRAINT "report_keys_key_check" CHECK (length("key") > 0)
);
CREATE INDEX "report_keys_at_idx" ON "report_keys"("at");

-- A server's own counters are not read at one moment: in a short window, more may have failed than finished.
ALTER TABLE "samples"
    DROP CONSTRAINT "samples_errors_check",
    DROP CONSTRAINT "samples_latency_check",
    DROP CONSTRAINT "samples_no_requests_check",
    ADD COLUMN "time_to_first_token_sum_ms" DOUBLE PRECISION,
    ADD COLUMN "time_to_first_token_max_ms" DOUBLE PRECISION,
    ADD COLUMN "inter_token_latency_sum_ms" DOUBLE PRECISION,
    ADD COLUMN "inter_token_latency_max_ms" DOUBLE PRECISION,
    ADD COLUMN "queue_time_sum_ms" DOUBLE PRECISION,
    ADD COLUMN "queue_time_max_ms" DOUBLE PRECISION,
    ADD COLUMN "kv_cache_usage" DOUBLE PRECISION,
    ADD COLUMN "waiting" INTEGER,
    ADD COLUMN "late_reports" INTEGER,
    ADD COLUMN "time_to_first_token" BYTEA,
    ADD COLUMN "inter_token_latency" BYTEA,
    ADD COLUMN "queue_time" BYTEA,
    ADD COLUMN "errors_by_reason" JSONB,
    ADD CONSTRAINT "samples_requests_check" CHECK ("requests" >= 0 AND "errors" >= 0),
    ADD CONSTRAINT "samples_time_to_first_token_sum_ms_check" CHECK ("time_to_first_token_sum_ms" >= 0 AND "time_to_first_token_sum_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_time_to_first_token_max_ms_check" CHECK ("time_to_first_token_max_ms" >= 0 AND "time_to_first_token_max_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_inter_token_latency_sum_ms_check" CHECK ("inter_token_latency_sum_ms" >= 0 AND "inter_token_latency_sum_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_inter_token_latency_max_ms_check" CHECK ("inter_token_latency_max_ms" >= 0 AND "inter_token_latency_max_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_queue_time_sum_ms_check" CHECK ("queue_time_sum_ms" >= 0 AND "queue_time_sum_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_queue_time_max_ms_check" CHECK ("queue_time_max_ms" >= 0 AND "queue_time_max_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_errors_by_reason_check" CHECK (jsonb_typeof("errors_by_reason") = 'object'),
    ADD CONSTRAINT "samples_waiting_check" CHECK ("waiting" >= 0),
    ADD CONSTRAINT "samples_kv_cache_usage_check" CHECK ("kv_cache_usage" BETWEEN 0 AND 1),
    ADD CONSTRAINT "samples_late_reports_check" CHECK ("late_reports" >= 0);

ALTER TABLE "merged_windows"
    ADD COLUMN "time_to_first_token_sum_ms" DOUBLE PRECISION,
    ADD COLUMN "time_to_first_token_max_ms" DOUBLE PRECISION,
    ADD COLUMN "inter_token_latency_sum_ms" DOUBLE PRECISION,
    ADD COLUMN "inter_token_latency_max_ms" DOUBLE PRECISION,
    ADD COLUMN "queue_time_sum_ms" DOUBLE PRECISION,
    ADD COLUMN "queue_time_max_ms" DOUBLE PRECISION,
    ADD COLUMN "kv_cache_usage" DOUBLE PRECISION,
    ADD COLUMN "late_reports" BIGINT,
    ADD COLUMN "waiting" INTEGER,
    ADD COLUMN "time_to_first_token" BYTEA,
    ADD COLUMN "inter_token_latency" BYTEA,
    ADD COLUMN "queue_time" BYTEA,
    ADD COLUMN "errors_by_reason" JSONB,
    ADD CONSTRAINT "merged_windows_time_to_first_token_sum_ms_check" CHECK ("time_to_first_token_sum_ms" >= 0 AND "time_to_first_token_sum_ms" < 'Infinity'),
    ADD CONSTRAINT "merged_windows_time_to_first_token_max_ms_check" CHECK ("time_to_first_token_max_ms" >= 0 AND "time_to_first_token_max_ms" < 'Infinity'),
    ADD CONSTRAINT "merged_windows_inter_token_latency_sum_ms_check" CHECK ("inter_token_latency_sum_ms" >= 0 AND "inter_token_latency_sum_ms" < 'Infinity'),
    ADD CONSTRAINT "merged_windows_inter_token_latency_max_ms_check" CHECK ("inter_token_latency_max_ms" >= 0 AND "inter_token_latency_max_ms" < 'Infinity'),
    ADD CONSTRAINT "merged_windows_queue_time_sum_ms_check" CHECK ("queue_time_sum_ms" >= 0 AND "queue_time_sum_ms" < 'Infinity'),
    ADD CONSTRAINT "merged_windows_queue_time_max_ms_check" CHECK ("queue_time_max_ms" >= 0 AND "queue_time_max_ms" < 'Infinity'),
    ADD CONSTRAINT "merged_windows_errors_by_reason_check" CHECK (jsonb_typeof("errors_by_reason") = 'object'),
    ADD CONSTRAINT "merged_windows_waiting_check" CHECK ("waiting" >= 0),
    ADD CONSTRAINT "merged_windows_kv_cache_usage_check" CHECK ("kv_cache_usage" BETWEEN 0 AND 1),
    ADD CONSTRAINT "merged_windows_late_reports_check" CHECK ("late_reports" >= 0);
