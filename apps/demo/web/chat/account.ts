/** The signed-in user, as in the session of Better Auth. */
export interface Account {
  readonly userId: string;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
}
