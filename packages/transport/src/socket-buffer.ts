/** Bytes asked for each way: a burst of a second's worth of messages fits; 208 KiB, the usual default, holds some hundred. */
export const SOCKET_BUFFER = 4 * 1024 * 1024;
