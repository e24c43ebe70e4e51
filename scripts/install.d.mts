export function install(folder?: string, options?: { isForStart?: boolean }): Promise<boolean>
