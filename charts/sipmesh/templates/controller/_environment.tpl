{{/* Whether advertised addresses are found in the cluster. */}}
{{- define "sipmesh.findsAddresses" -}}
{{- if gt (int .Values.controller.replicas) 0 -}}true{{- end -}}
{{- end -}}

{{/* The ClusterRole by which nodes are read. */}}
{{- define "sipmesh.controllerClusterRole" -}}
{{ .Release.Namespace }}-{{ include "sipmesh.fullname" . }}-controller
{{- end -}}

{{/* Configuration of a controller's pod. */}}
{{- define "sipmesh.controllerEnv" -}}
- name: SIPMESH_CONTROLLER_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: SIPMESH_CONTROLLER_SERVICE_SELECTOR
  value: app.kubernetes.io/name={{ include "sipmesh.name" . }},app.kubernetes.io/instance={{ .Release.Name }},app.kubernetes.io/component=edge
{{- end -}}
