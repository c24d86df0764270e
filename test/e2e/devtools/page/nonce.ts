/** What the policy of the strict example app allows a style element to say. */
export const NONCE = 'tide';
