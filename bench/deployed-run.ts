import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { z } from "zod";

const reportSchema = z.object({
  rowsSynced: z.number(),
  rowsPerSecond: z.number(),
  secondsByPhase: z.record(z.string(), z.number()),
});
export type DeployedReport = z.infer<typeof reportSchema>;

/** Runs the example migration on the deployed state machine, as an operator starts it, and gives its own report. */
export async function runDeployed(): Promise<DeployedReport> {
  const { Stacks } = await new CloudFormationClient({}).send(new DescribeStacksCommand({ StackName: "Sluice" }));
  const machine = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === "MigrationStateMachineArn")?.OutputValue;
  const sfn = new SFNClient({});
  const input = JSON.stringify({ migration: "contact-acquisition-channel" });
  const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn: machine, input }));
  for (;;) {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (execution.status === "SUCCEEDED") return reportSchema.parse(JSON.parse(execution.output ?? "{}"));
    if (execution.status !== "RUNNING") throw new Error(`${String(execution.status)}: ${execution.cause ?? ""}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
