-- CreateEnum
CREATE TYPE "Scope" AS ENUM ('READ', 'DEPLOY', 'TRAIN', 'ADMIN');

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "api_token_id" UUID;

-- CreateTable
CREATE TABLE "api_tokens" (
    "id" UUID NOT NULL,
    "token_hash" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "scopes" "Scope"[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_token_hash_key" ON "api_tokens"("token_hash");

-- CreateIndex
CREATE INDEX "api_tokens_created_at_id_idx" ON "api_tokens"("created_at", "id");

-- CreateIndex
CREATE INDEX "sessions_api_token_id_name_created_at_idx" ON "sessions"("api_token_id", "name", "created_at");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_api_token_id_fkey" FOREIGN KEY ("api_token_id") REFERENCES "api_tokens"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "api_tokens"
    ADD CONSTRAINT "api_tokens_token_hash_check" CHECK ("token_hash" ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT "api_tokens_name_check" CHECK (char_length("name") BETWEEN 1 AND 100 AND btrim("name") = "name"),
    ADD CONSTRAINT "api_tokens_scopes_check" CHECK ("scopes" IS NOT NULL AND cardinality("scopes") > 0),
    ADD CONSTRAINT "api_tokens_created_by_check" CHECK ("created_by" <> ''),
    ADD CONSTRAINT "api_tokens_expires_at_check" CHECK ("expires_at" > "created_at");
