-- CreateEnum
CREATE TYPE "WebhookEventType" AS ENUM ('DEPLOYMENT_DEPLOYED', 'DEPLOYMENT_PAUSED', 'DEPLOYMENT_RESUMED', 'DEPLOYMENT_DELETED', 'TRAINING_JOB_COMPLETED', 'TRAINING_JOB_FAILED');

-- CreateEnum
CREATE TYPE "WebhookDeliveryStatus" AS ENUM ('PENDING', 'SUCCEEDED', 'FAILED');

-- CreateTable
CREATE TABLE "webhooks" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "events" "WebhookEventType"[],
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "is_gone" BOOLEAN NOT NULL DEFAULT false,
    "secret" TEXT NOT NULL,
    "previous_secret" TEXT,
    "previous_secret_until" TIMESTAMPTZ(3),
    "leased_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "message_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "status" "WebhookDeliveryStatus" NOT NULL DEFAULT 'PENDING',
    "attempts" JSONB NOT NULL DEFAULT '[]',
    "next_attempt_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "webhooks_created_at_id_idx" ON "webhooks"("created_at", "id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_created_at_id_idx" ON "webhook_deliveries"("webhook_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_created_at_idx" ON "webhook_deliveries"("created_at");

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- By hand.

-- What is to be sent to a webhook, first come first.
CREATE INDEX "webhook_deliveries_pending" ON "webhook_deliveries"("webhook_id", "next_attempt_at", "id") WHERE "status" = 'PENDING';

ALTER TABLE "webhooks"
    ADD CONSTRAINT "webhooks_name_check" CHECK (char_length("name") BETWEEN 1 AND 100 AND btrim("name") <> ''),
    ADD CONSTRAINT "webhooks_url_check" CHECK ("url" ~ '^https?://' AND char_length("url") <= 2000),
    ADD CONSTRAINT "webhooks_events_check" CHECK (cardinality("events") >= 1),
    ADD CONSTRAINT "webhooks_secret_check" CHECK ("secret" LIKE 'whsec\_%'),
    ADD CONSTRAINT "webhooks_previous_secret_check" CHECK (("previous_secret" IS NULL) = ("previous_secret_until" IS NULL)),
    ADD CONSTRAINT "webhooks_created_by_check" CHECK ("created_by" <> '');

ALTER TABLE "webhook_deliveries"
    ADD CONSTRAINT "webhook_deliveries_message_id_check" CHECK ("message_id" <> ''),
    ADD CONSTRAINT "webhook_deliveries_attempts_check" CHECK (jsonb_typeof("attempts") = 'array'),
    ADD CONSTRAINT "webhook_deliveries_next_attempt_at_check" CHECK (("status" = 'PENDING') = ("next_attempt_at" IS NOT NULL));
