-- CreateTable
CREATE TABLE "sweep_state" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "swept_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sweep_state_pkey" PRIMARY KEY ("id")
);
