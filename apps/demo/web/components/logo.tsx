/** The logo: a mast with a pennant on the sea. */
export function Logo({ size }: { readonly size: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect className="logo-ground" width="32" height="32" rx="8" />
      <path className="logo-line" d="M10 6v19" />
      <path className="logo-flag" d="M12.6 7.4 25 12l-12.4 4.6z" />
      <path className="logo-line" d="M6 26c2.3-1.8 4.3-1.8 6.6 0s4.4 1.8 6.7 0 4.4-1.8 6.7 0" />
    </svg>
  );
}
