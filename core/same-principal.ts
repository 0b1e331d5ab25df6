/**
 * Whether two ARNs that STS gave may stand for one person. The whole ARN is one person for sure: an IAM user, or a role
 * with its session's name (`arn:aws:sts::1:assumed-role/Admin/alice`). So is, to be safe, the same last name in another
 * ARN: alice with another role, or in another account. And whoever has no name may be anybody.
 *
 * So people need session names of their own. IAM Identity Center gives them (the user's name); where people assume roles
 * themselves, the role's trust policy has to ask for it:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_rolesessionname.
 */
export function mayBeSamePrincipal(one: string, other: string): boolean {
  return isAnonymousSession(one) || isAnonymousSession(other) || lastName(one) === lastName(other);
}

/**
 * Session names that AWS's SDKs and command line make up, anew for each process, where a profile with a `role_arn` has
 * no `role_session_name`: of one person, each command has another.
 */
const MADE_UP = /^(aws-sdk-|aws-go-sdk-|botocore-session-|aws-?cli-session)/;

/**
 * Whether an ARN says nothing of who it is: a session whose name was made up. The account's root is somebody: who has
 * it may write the run registry as well, and needs no approval.
 */
export function isAnonymousSession(arn: string): boolean {
  return arn.includes(":assumed-role/") && MADE_UP.test(lastName(arn));
}

/** Of `arn:aws:iam::1:user/division/alice`: `alice`. IAM takes names that differ in case alone for the same. */
function lastName(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf("/"), arn.lastIndexOf(":")) + 1).toLowerCase();
}
