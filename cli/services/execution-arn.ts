/** The ARN of an execution by its name. A version or an alias in the state machine's ARN is no part of it. */
export function executionArn(stateMachineArn: string, name: string): string {
  const machine = stateMachineArn.replace(":stateMachine:", ":execution:").split(":").slice(0, 7);
  return [...machine, name].join(":");
}
