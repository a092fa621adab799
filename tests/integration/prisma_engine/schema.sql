-- The tables of schema.prisma, as `prisma migrate` would make them.
CREATE TYPE "Role" AS ENUM ('ADMIN', 'USER');
CREATE TABLE "User" (
    "id" TEXT PRIMARY KEY,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "roles" "Role"[],
    "meta" JSONB,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "history" JSONB[],
    "age" INTEGER,
    "tokens" BIGINT,
    "score" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "balance" DECIMAL(65, 30),
    "photo" BYTEA,
    "tags" TEXT[],
    "seen" TIMESTAMP(3),
    "seenTz" TIMESTAMPTZ(6),
    "created" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "active" BOOLEAN NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");
CREATE TABLE "Post" (
    "id" SERIAL PRIMARY KEY,
    "title" TEXT NOT NULL,
    "data" JSONB,
    "authorId" TEXT REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "Post_title_authorId_key" ON "Post" ("title", "authorId");
CREATE TABLE "Profile" (
    "id" TEXT PRIMARY KEY,
    "bio" JSONB NOT NULL,
    "userId" TEXT NOT NULL REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "Profile_userId_key" ON "Profile" ("userId");
CREATE TABLE "Member" (
    "team" TEXT,
    "person" TEXT,
    "spend" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "info" JSONB,
    PRIMARY KEY ("team", "person")
);
