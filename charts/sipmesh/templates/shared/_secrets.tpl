{{/* Whether there is anything to make or to renew. */}}
{{- define "sipmesh.makes" -}}
{{- if or (include "sipmesh.makesPasswords" .) (include "sipmesh.renews" .) -}}
true
{{- end -}}
{{- end -}}

{{/* Whether certificates are looked after: those made here, and those that NATS is to read again, whoever renews them. */}}
{{- define "sipmesh.renews" -}}
{{- if or (include "sipmesh.madeCertificates" . | fromJson) (include "sipmesh.natsServesTls" .) -}}
true
{{- end -}}
{{- end -}}

{{/* What services/launcher/src/kubernetes/make-secrets.ts is to make, as a JSON list. */}}
{{- define "sipmesh.makeArguments" -}}
{{- $name := include "sipmesh.fullname" . -}}
{{- $args := list (printf "--namespace=%s" .Release.Namespace) (printf "--owner=%s-secrets" $name) -}}
{{- if include "sipmesh.makesPasswords" . -}}
{{- $args = append $args (printf "--passwords=%s" (include "sipmesh.made" .)) -}}
{{- end -}}
{{- $certificates := include "sipmesh.madeCertificates" . | fromJson -}}
{{- if $certificates -}}
{{- $args = concat $args (list (printf "--authority=%s-ca" $name) (printf "--authority-days=%d" (int .Values.tls.authorityDays)) (printf "--certificate-days=%d" (int .Values.tls.days))) -}}
{{- range $secret, $names := $certificates -}}
{{- $args = append $args (printf "--certificate=%s=%s" $secret (join "," $names)) -}}
{{- end -}}
{{- end -}}
{{- $args | toJson -}}
{{- end -}}

{{/* The same, and which servers are to show it. */}}
{{- define "sipmesh.renewArguments" -}}
{{- $args := include "sipmesh.makeArguments" . | fromJsonArray -}}
{{- if include "sipmesh.natsServesTls" . -}}
{{- $name := printf "%s-nats" (include "sipmesh.fullname" .) -}}
{{- $args = append $args (printf "--nats-certificate=%s" (include "sipmesh.natsTlsSecret" .)) -}}
{{- range $i := until (int .Values.nats.replicas) -}}
{{- $args = append $args (printf "--nats-server=%s-%d.%s-servers.%s:4222" $name $i $name $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- $args | toJson -}}
{{- end -}}

{{/* A pod that makes Secrets: root, args, and asksNats: whether it needs the password of NATS's system account. */}}
{{- define "sipmesh.secretsPod" -}}
{{- $root := .root -}}
{{- $settings := include "sipmesh.podSettings" (dict "root" $root "component" "directory") | fromYaml -}}
metadata:
  labels:
    {{- include "sipmesh.labels" (dict "root" $root "component" "secrets") | nindent 4 }}
spec:
  restartPolicy: OnFailure
  serviceAccountName: {{ include "sipmesh.fullname" $root }}-secrets
  automountServiceAccountToken: true
  enableServiceLinks: false
  securityContext:
    {{- include "sipmesh.podSecurity" $root | nindent 4 }}
  {{- include "sipmesh.placement" (dict "root" $root "settings" $settings) | trim | nindent 2 }}
  containers:
    - name: secrets
      image: {{ include "sipmesh.image" (dict "image" $root.Values.image "tag" $root.Chart.AppVersion) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [node, /app/services/launcher/src/kubernetes/make-secrets.ts]
      args: {{- toYaml .args | nindent 8 }}
      env:
        - { name: NODE_EXTRA_CA_CERTS, value: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt }
        {{- if .asksNats }}
        - name: NATS_SYSTEM_PASSWORD
          valueFrom: { secretKeyRef: { name: {{ include "sipmesh.made" $root }}, key: system-password } }
        {{- end }}
      securityContext:
        {{- include "sipmesh.containerSecurity" $root | nindent 8 }}
      resources:
        requests: { cpu: 10m, memory: 64Mi }
        limits: { memory: 256Mi }
{{- end -}}
