/** Better Auth with passwords that cost no CPU: what a test measures or waits for is not their hash. */
export const testPasswords = {
  enabled: true,
  password: {
    hash: async (word: string): Promise<string> => `#${word}`,
    verify: async ({
      hash,
      password,
    }: {
      readonly hash: string;
      readonly password: string;
    }): Promise<boolean> => hash === `#${password}`,
  },
};
