/** Where a member takes the messages of its calls. */
export const memberSubject = (member: string): string => `sipmesh.transaction.${member}`;
/** Where an edge takes what it is to send. */
export const edgeSubject = (instance: string): string => `sipmesh.edge.${instance}`;
/** Where edges tell one another how their self-checks went. */
export const healthSubject = "sipmesh.edge.health";
