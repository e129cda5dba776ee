/** The project's scripts are plain JavaScript. */
declare module '*.mjs';
