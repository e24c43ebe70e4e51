-- AlterTable
ALTER TABLE "deployments" ADD COLUMN     "external_id" TEXT,
ADD COLUMN     "labels" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "external_id" TEXT,
ADD COLUMN     "labels" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "webhooks" ADD COLUMN     "models" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateIndex
CREATE UNIQUE INDEX "deployments_external_id_key" ON "deployments"("external_id");

-- CreateIndex
CREATE INDEX "deployments_labels_idx" ON "deployments" USING GIN ("labels");

-- CreateIndex
CREATE UNIQUE INDEX "training_jobs_external_id_key" ON "training_jobs"("external_id");

-- CreateIndex
CREATE INDEX "training_jobs_labels_idx" ON "training_jobs" USING GIN ("labels");

-- By hand.

ALTER TABLE "training_jobs"
    ADD CONSTRAINT "training_jobs_external_id_check" CHECK (char_length("external_id") BETWEEN 1 AND 200),
    ADD CONSTRAINT "training_jobs_labels_check" CHECK ("labels" IS NOT NULL AND cardinality("labels") <= 16);

ALTER TABLE "deployments"
    ADD CONSTRAINT "deployments_external_id_check" CHECK (char_length("external_id") BETWEEN 1 AND 200),
    ADD CONSTRAINT "deployments_labels_check" CHECK ("labels" IS NOT NULL AND cardinality("labels") <= 16);

ALTER TABLE "webhooks"
    ADD CONSTRAINT "webhooks_models_check" CHECK ("models" IS NOT NULL AND cardinality("models") <= 100);
