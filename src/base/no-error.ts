/** The reason of an abort that only wakes a sleeper. Without a reason each abort makes an error with a stack trace, which takes long. */
export const noError = "no error";
