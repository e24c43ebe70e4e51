/** The state of the sign-in page, as the URL holds it. */
export interface SignInSearch {
  /** The page to return to. */
  back?: string
}

export function readSignInSearch({ back }: Record<string, unknown>): SignInSearch {
  return { back: typeof back === 'string' && back.startsWith('/') ? back : undefined }
}
