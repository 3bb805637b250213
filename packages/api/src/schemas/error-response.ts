import { object, type Static, str } from '../schema/type.ts';

export const ErrorResponse = object('ErrorResponse', { message: str() });
export type ErrorResponse = Static<typeof ErrorResponse>;
