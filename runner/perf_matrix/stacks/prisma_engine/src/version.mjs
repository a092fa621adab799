/**
 * The commit of prisma-engines that the Python client 0.11 expects (Prisma 5.4.2).
 * The client compares it with the hash it was generated for.
 */
export const VERSION = 'ac9d7041ed77bcc8a8dbd2ab6616b39013829574';
