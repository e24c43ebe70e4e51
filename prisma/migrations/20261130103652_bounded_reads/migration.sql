-- DropIndex
DROP INDEX "deployments_training_job_id_idx";

-- DropIndex
DROP INDEX "training_jobs_model_id_created_at_idx";

-- DropIndex
DROP INDEX "training_jobs_status_created_at_idx";

-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "step_count" INTEGER NOT NULL DEFAULT 0;

-- AlterTable, and by hand what the steps that are there are given.
ALTER TABLE "training_steps" ADD COLUMN     "position" INTEGER;

UPDATE "training_steps" SET "position" = numbered."n"
    FROM (SELECT "training_job_id", "step", row_number() OVER (PARTITION BY "training_job_id" ORDER BY "step") AS n
        FROM "training_steps") AS numbered
    WHERE numbered."training_job_id" = "training_steps"."training_job_id" AND numbered."step" = "training_steps"."step";

ALTER TABLE "training_steps" ALTER COLUMN "position" SET NOT NULL;

UPDATE "training_jobs" SET "step_count" = counted."steps"
    FROM (SELECT "training_job_id", max("position") AS steps FROM "training_steps" GROUP BY 1) AS counted
    WHERE counted."training_job_id" = "training_jobs"."id";

-- CreateIndex
CREATE UNIQUE INDEX "training_steps_training_job_id_position_key" ON "training_steps"("training_job_id", "position");

-- CreateIndex
CREATE INDEX "deployment_events_model_name_sequence_idx" ON "deployment_events"("model_name", "sequence");

-- CreateIndex
CREATE INDEX "deployment_events_by_sequence_idx" ON "deployment_events"("by", "sequence");

-- CreateIndex
CREATE INDEX "deployments_version_number_id_idx" ON "deployments"("version_number", "id");

-- CreateIndex
CREATE INDEX "deployments_model_id_created_at_id_idx" ON "deployments"("model_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "deployments_training_job_id_created_at_id_idx" ON "deployments"("training_job_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "deployments_status_created_at_id_idx" ON "deployments"("status", "created_at", "id");

-- CreateIndex
CREATE INDEX "training_jobs_finished_at_id_idx" ON "training_jobs"("finished_at", "id");

-- CreateIndex
CREATE INDEX "training_jobs_name_id_idx" ON "training_jobs"("name", "id");

-- CreateIndex
CREATE INDEX "training_jobs_model_id_created_at_id_idx" ON "training_jobs"("model_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "training_jobs_status_created_at_id_idx" ON "training_jobs"("status", "created_at", "id");

-- By hand.

ALTER TABLE "training_jobs" ADD CONSTRAINT "training_jobs_step_count_check" CHECK ("step_count" >= 0);
ALTER TABLE "training_steps" ADD CONSTRAINT "training_steps_position_check" CHECK ("position" >= 1);
