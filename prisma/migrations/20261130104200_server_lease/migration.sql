-- CreateTable
CREATE TABLE "server_lease" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "holder" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "started_at" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "server_lease_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "server_lease" ADD CONSTRAINT "server_lease_id_check" CHECK ("id" = 1);
