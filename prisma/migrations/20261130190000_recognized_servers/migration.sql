-- The kind of model server that the last successful scrape was read as.
ALTER TABLE "source_states" ADD COLUMN "server" TEXT;
