/** A line of the report. */
export const say = (text) => console.log(text);
