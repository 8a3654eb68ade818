/** The signed-in user, as Better Auth's session has them. */
export interface Account {
  readonly userId: string;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
}
