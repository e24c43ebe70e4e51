-- CreateEnum
CREATE TYPE "TrainingJobStatus" AS ENUM ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "DeploymentStatus" AS ENUM ('ACTIVE', 'PAUSED');

-- CreateEnum
CREATE TYPE "DeploymentEventKind" AS ENUM ('DEPLOYED', 'PAUSED', 'RESUMED', 'DELETED');

-- CreateEnum
CREATE TYPE "MetricsSource" AS ENUM ('SIMULATED');

-- CreateTable
CREATE TABLE "models" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "deployment_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "training_jobs" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "status" "TrainingJobStatus" NOT NULL,
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "simulated" BOOLEAN NOT NULL DEFAULT false,
    "framework" TEXT,
    "dataset" TEXT,
    "hyperparameters" JSONB,
    "final_loss" DOUBLE PRECISION,
    "final_accuracy" DOUBLE PRECISION,
    "failure_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "training_jobs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "training_steps" (
    "training_job_id" UUID NOT NULL,
    "step" INTEGER NOT NULL,
    "loss" DOUBLE PRECISION NOT NULL,
    "accuracy" DOUBLE PRECISION,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "training_steps_pkey" PRIMARY KEY ("training_job_id","step")
);

-- CreateTable
CREATE TABLE "deployments" (
    "id" UUID NOT NULL,
    "key" SERIAL NOT NULL,
    "model_id" UUID NOT NULL,
    "training_job_id" UUID NOT NULL,
    "version_number" INTEGER NOT NULL,
    "status" "DeploymentStatus" NOT NULL,
    "note" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "status_changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deployments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deployment_events" (
    "sequence" BIGINT NOT NULL,
    "id" UUID NOT NULL,
    "kind" "DeploymentEventKind" NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "by" TEXT NOT NULL,
    "note" TEXT,
    "deployment_id" UUID NOT NULL,
    "model_name" TEXT NOT NULL,
    "version_number" INTEGER NOT NULL,

    CONSTRAINT "deployment_events_pkey" PRIMARY KEY ("sequence")
);

-- CreateTable
CREATE TABLE "log_state" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "epoch" TEXT NOT NULL,
    "identity" TEXT NOT NULL,
    "last_sequence" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "log_state_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sample_heads" (
    "deployment_key" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL DEFAULT 0,
    "last_window_end" TIMESTAMPTZ(3),
    "recording_since" TIMESTAMPTZ(3),

    CONSTRAINT "sample_heads_pkey" PRIMARY KEY ("deployment_key")
);

-- CreateTable
CREATE TABLE "samples" (
    "deployment_key" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "window_start" TIMESTAMPTZ(3) NOT NULL,
    "window_ms" INTEGER NOT NULL,
    "requests" INTEGER NOT NULL,
    "errors" INTEGER NOT NULL,
    "latency_sum_ms" DOUBLE PRECISION NOT NULL,
    "latency_max_ms" DOUBLE PRECISION NOT NULL,
    "latency" BYTEA,
    "prompt_tokens" BIGINT,
    "generated_tokens" BIGINT,
    "in_flight" INTEGER,
    "source" "MetricsSource" NOT NULL,

    CONSTRAINT "samples_pkey" PRIMARY KEY ("deployment_key","sequence")
);

-- CreateTable
CREATE TABLE "sessions" (
    "token_hash" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("token_hash")
);

-- CreateIndex
CREATE UNIQUE INDEX "models_name_key" ON "models"("name");

-- CreateIndex
CREATE INDEX "training_jobs_created_at_id_idx" ON "training_jobs"("created_at", "id");

-- CreateIndex
CREATE INDEX "training_jobs_model_id_created_at_idx" ON "training_jobs"("model_id", "created_at");

-- CreateIndex
CREATE INDEX "training_jobs_status_created_at_idx" ON "training_jobs"("status", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "deployments_key_key" ON "deployments"("key");

-- CreateIndex
CREATE INDEX "deployments_training_job_id_idx" ON "deployments"("training_job_id");

-- CreateIndex
CREATE INDEX "deployments_created_at_id_idx" ON "deployments"("created_at", "id");

-- CreateIndex
CREATE INDEX "deployments_status_changed_at_id_idx" ON "deployments"("status_changed_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "deployments_model_id_version_number_key" ON "deployments"("model_id", "version_number");

-- CreateIndex
CREATE UNIQUE INDEX "deployment_events_id_key" ON "deployment_events"("id");

-- CreateIndex
CREATE INDEX "deployment_events_deployment_id_sequence_idx" ON "deployment_events"("deployment_id", "sequence");

-- CreateIndex
CREATE UNIQUE INDEX "samples_deployment_key_window_start_key" ON "samples"("deployment_key", "window_start");

-- AddForeignKey
ALTER TABLE "training_jobs" ADD CONSTRAINT "training_jobs_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "training_steps" ADD CONSTRAINT "training_steps_training_job_id_fkey" FOREIGN KEY ("training_job_id") REFERENCES "training_jobs"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_training_job_id_fkey" FOREIGN KEY ("training_job_id") REFERENCES "training_jobs"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- What follows Prisma has no words for; it was written by hand.

-- One ACTIVE deployment per training job, also when two callers race.
CREATE UNIQUE INDEX "deployments_one_active_per_training_job" ON "deployments"("training_job_id") WHERE "status" = 'ACTIVE';

-- The head of every active deployment is rewritten once a window: room on the page lets that happen in place.
ALTER TABLE "sample_heads" SET (fillfactor = 50);

-- NaN counts as greater than every number, so an upper bound refuses it.
ALTER TABLE "models"
    ADD CONSTRAINT "models_name_check" CHECK ("name" ~ '^[A-Za-z0-9._/-]{1,100}$'),
    ADD CONSTRAINT "models_deployment_count_check" CHECK ("deployment_count" >= 0);

ALTER TABLE "training_jobs"
    ADD CONSTRAINT "training_jobs_name_check" CHECK (char_length("name") BETWEEN 1 AND 100 AND btrim("name") <> ''),
    ADD CONSTRAINT "training_jobs_created_by_check" CHECK ("created_by" <> ''),
    ADD CONSTRAINT "training_jobs_progress_check" CHECK ("progress" BETWEEN 0 AND 1),
    ADD CONSTRAINT "training_jobs_final_loss_check" CHECK ("final_loss" > '-Infinity' AND "final_loss" < 'Infinity'),
    ADD CONSTRAINT "training_jobs_final_accuracy_check" CHECK ("final_accuracy" BETWEEN 0 AND 1),
    ADD CONSTRAINT "training_jobs_started_at_check" CHECK (
        CASE "status" WHEN 'QUEUED' THEN "started_at" IS NULL WHEN 'RUNNING' THEN "started_at" IS NOT NULL ELSE true END
    ),
    ADD CONSTRAINT "training_jobs_finished_at_check" CHECK (
        ("status" IN ('COMPLETED', 'FAILED', 'CANCELLED')) = ("finished_at" IS NOT NULL)
    );

ALTER TABLE "training_steps"
    ADD CONSTRAINT "training_steps_step_check" CHECK ("step" >= 0),
    ADD CONSTRAINT "training_steps_loss_check" CHECK ("loss" > '-Infinity' AND "loss" < 'Infinity'),
    ADD CONSTRAINT "training_steps_accuracy_check" CHECK ("accuracy" BETWEEN 0 AND 1);

ALTER TABLE "deployments"
    ADD CONSTRAINT "deployments_key_check" CHECK ("key" >= 1),
    ADD CONSTRAINT "deployments_version_number_check" CHECK ("version_number" >= 0),
    ADD CONSTRAINT "deployments_created_by_check" CHECK ("created_by" <> '');

ALTER TABLE "deployment_events"
    ADD CONSTRAINT "deployment_events_sequence_check" CHECK ("sequence" >= 1),
    ADD CONSTRAINT "deployment_events_by_check" CHECK ("by" <> ''),
    ADD CONSTRAINT "deployment_events_model_name_check" CHECK ("model_name" ~ '^[A-Za-z0-9._/-]{1,100}$'),
    ADD CONSTRAINT "deployment_events_version_number_check" CHECK ("version_number" >= 0);

ALTER TABLE "log_state"
    ADD CONSTRAINT "log_state_id_check" CHECK ("id" = 1),
    ADD CONSTRAINT "log_state_epoch_check" CHECK ("epoch" <> '' AND "identity" <> ''),
    ADD CONSTRAINT "log_state_last_sequence_check" CHECK ("last_sequence" >= 0);

ALTER TABLE "sample_heads"
    ADD CONSTRAINT "sample_heads_sequence_check" CHECK ("sequence" >= 0),
    ADD CONSTRAINT "sample_heads_last_window_end_check" CHECK (("sequence" = 0) = ("last_window_end" IS NULL));

ALTER TABLE "samples"
    ADD CONSTRAINT "samples_sequence_check" CHECK ("sequence" >= 1),
    ADD CONSTRAINT "samples_window_ms_check" CHECK ("window_ms" > 0),
    ADD CONSTRAINT "samples_errors_check" CHECK ("errors" BETWEEN 0 AND "requests"),
    ADD CONSTRAINT "samples_latency_check" CHECK (("latency" IS NULL) = ("requests" = 0)),
    ADD CONSTRAINT "samples_latency_sum_ms_check" CHECK ("latency_sum_ms" >= 0 AND "latency_sum_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_latency_max_ms_check" CHECK ("latency_max_ms" >= 0 AND "latency_max_ms" < 'Infinity'),
    ADD CONSTRAINT "samples_no_requests_check" CHECK ("requests" > 0 OR ("latency_sum_ms" = 0 AND "latency_max_ms" = 0)),
    ADD CONSTRAINT "samples_tokens_check" CHECK ("prompt_tokens" >= 0 AND "generated_tokens" >= 0),
    ADD CONSTRAINT "samples_in_flight_check" CHECK ("in_flight" >= 0);

ALTER TABLE "sessions"
    ADD CONSTRAINT "sessions_token_hash_check" CHECK ("token_hash" <> ''),
    ADD CONSTRAINT "sessions_name_check" CHECK ("name" <> ''),
    ADD CONSTRAINT "sessions_expires_at_check" CHECK ("expires_at" > "created_at");
